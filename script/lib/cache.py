"""The cache folder (chosen in common.sh) and what is kept there: virtual environments, npm packages, found Pythons."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIB = ROOT / "script" / "lib"


def folder():
    path = Path(os.environ["STATIC_ASSETS_CACHE"])
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def key(*parts):
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


@contextlib.contextmanager
def locked(name):
    path = folder() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def find_python(version):
    """The path of a Python `version` ("3.12") that really starts: a pyenv shim exists without its Python."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    return next((str(path) for path in candidates if path and identity(path)[0] == version), None)


def identity(python):
    """(version as "3.12", full version and real place) of an interpreter; (None, None) when it doesn't start."""
    # Understood by Python 2.7 as well: the hook's tests look for one.
    what = "sys.version_info[:2] + (sys.version, os.path.realpath(sys.executable))"
    script = f"import os, sys; print('%d.%d %s %s' % ({what}))"
    try:
        out = subprocess.run([python, "-Es", "-c", script], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None, None
    version, _, rest = out.partition(" ")
    return version, rest


def pin(package, requirements):
    """The line `package==…` of a requirement file."""
    if line := re.search(rf"^{package}==\S+", requirements.read_text(), re.IGNORECASE | re.MULTILINE):
        return line[0]
    raise RuntimeError(f"{requirements} pins no {package}")


def venv(python, *requirements):
    """The virtual environment of these requirement files (Path) and lines (str), made at the first call.

    It is built in its final place and marked complete at the end: its scripts hold their own path, so a finished
    one could not be renamed. What an interrupted run left has no mark and is built again.
    """
    files = [path for path in requirements if isinstance(path, Path)]
    lines = [line for line in requirements if isinstance(line, str)]
    name = key(identity(python)[1], *(path.read_text() for path in files), *lines)
    path = folder() / "venvs" / name
    complete = path / "complete"
    with locked(f"venv-{name}") as lock:
        if not complete.exists():
            shutil.rmtree(path, ignore_errors=True)
            env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
            pip = [path / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
            wanted = [*lines, *(arg for file in files for arg in ("--requirement", file))]
            for command in ([python, "-m", "venv", path], [*pip, "install", *wanted]):
                # Children hold the lock too: a pip that outlives this process still keeps others out.
                subprocess.run(command, env=env, check=True, stdin=subprocess.DEVNULL, pass_fds=[lock.fileno()])
            complete.touch()
    return path


def npm(program, package):
    """The folder of `name@version`, whose programs are in node_modules/.bin; made and marked complete as by `venv`."""
    path = folder() / "npm" / package
    complete = path / "complete"
    with locked(f"npm-{package}") as lock:
        if not complete.exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            command = [program, "install", "--prefix", path, "--ignore-scripts", "--omit=optional", "--fetch-retries=1"]
            command += ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", package]
            # It says "added 457 packages", in the place of what the command of script/services says.
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
            subprocess.run(command, cwd=path, check=True, pass_fds=[lock.fileno()], **quiet)
            complete.touch()
    return path
