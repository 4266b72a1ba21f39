"""script/environments [NAME…]                makes virtual environments, prints STATIC_ASSETS_TEST_VENVS=<folder>
script/environments [NAME…] -- CMD ARGS…   runs CMD with that variable set

The folder holds a link per environment: django42, django52, django61. One whose Python this machine hasn't got is left
out, said so, and noted in the skip ledger (STATIC_ASSETS_TEST_SKIPS).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cache
import output

PYTHONS = {"django42": "3.11", "django52": "3.12", "django61": "3.13"}
REQUIREMENTS = cache.ROOT / "tests" / "python"


def environments(names):
    """The folder of links, for the environments whose Python was found."""
    found = {}
    for name in names:
        python = cache.find_python(PYTHONS[name])
        if python:
            files = [REQUIREMENTS / f"requirements-{name}.txt", REQUIREMENTS / "requirements-wrappers.txt"]
            found[name] = cache.venv(python, *files)
        else:
            skip(f"{name} environment", f"no Python {PYTHONS[name]} was found")
    return links(found)


def links(found):
    folder = cache.folder() / "environments" / cache.key(*found, *found.values())
    with cache.locked(f"environments-{folder.name}"):
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix="unfinished-"))
            try:
                for name, venv in found.items():
                    (aside / name).symlink_to(venv)
                aside.rename(folder)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
    return folder


def skip(name, reason):
    output.note(f"skipped: {name} because {reason}")
    if ledger := os.environ.get("STATIC_ASSETS_TEST_SKIPS"):
        with open(ledger, "a") as file:
            file.write(f"{name}\t{reason}\n")


def main(args):
    names, separator, command = args, None, []
    if "--" in args:
        at = args.index("--")
        names, separator, command = args[:at], "--", args[at + 1 :]
    unknown = [name for name in names if name not in PYTHONS]
    if unknown or (separator and not command):
        output.fail(f"usage: script/environments [{'|'.join(PYTHONS)}]… [-- CMD ARGS…]", 2)

    folder = environments(names or PYTHONS)
    if not command:
        print(f"STATIC_ASSETS_TEST_VENVS={folder}")
        return
    os.environ["STATIC_ASSETS_TEST_VENVS"] = str(folder)
    os.execvp(command[0], command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, subprocess.CalledProcessError) as error:
        output.fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
