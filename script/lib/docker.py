"""script/docker -- CMD ARGS…    runs CMD while a Docker engine is up; its exit code is CMD's
script/docker --install       only installs it, and makes the base image

CMD finds the engine's socket in STATIC_ASSETS_TEST_DOCKER and its command line in STATIC_ASSETS_TEST_DOCKER_CLI. The
engine is Debian's, of its own, without a network: builds and containers have the machine's. No registry is asked: the
base images of the documented Dockerfiles are one small Debian, under their names, in which `pip install` finds Django,
gunicorn and WhiteNoise.

Where the machine can't run one, CMD runs all the same, and that is said.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import apt
import cache
import output
import process

PACKAGES = ["docker.io", "debootstrap"]
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
INCLUDED = "python3,python3-venv,python3-pip,ca-certificates,elixir,erlang-dev"
# Python of that suite.
PYTHON = "3.11"
NAMES = ["python:3.13-slim", "elixir:1.18", "elixir:1.18-slim"]


class Missing(Exception):
    """Why this machine can't run an engine."""


def install():
    """The engine, its command line and the file of the base image; raises Missing."""
    if os.geteuid() != 0:
        raise Missing("only root can start one")
    engine, cli = programs()
    if not (engine and cli and shutil.which("debootstrap")):
        apt.install(*PACKAGES, quiet=True)
        engine, cli = programs()
    if not (engine and cli and shutil.which("debootstrap")):
        raise Missing(f"{' and '.join(PACKAGES)} could not be installed")
    return engine, cli, base_image()


def programs():
    """Debian's: another command line may lack BuildKit."""

    def first(*paths):
        return next((path for path in paths if os.access(path, os.X_OK)), None)

    return first("/usr/sbin/dockerd", "/usr/bin/dockerd"), first("/usr/bin/docker")


def base_image():
    """A tar of a minimal Debian, made at the first call."""
    wheels = cache.pin("Django", cache.ROOT / "tests" / "python" / "requirements-django42.txt")
    requirements = [wheels, "gunicorn", "whitenoise"]
    path = cache.folder() / "docker" / f"{cache.key(SUITE, MIRROR, INCLUDED, *requirements)}.tar"
    with cache.locked("docker-base"):
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="static-assets-base-") as scratch:
                root = Path(scratch) / "root"
                command = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", SUITE, root, MIRROR]
                log = Path(scratch) / "log"
                with log.open("w") as file:
                    if subprocess.run(command, stdout=file, stderr=file, check=False).returncode:
                        raise Missing(f"debootstrap failed: {log.read_text(errors='replace').strip()[-300:]}")
                add_wheels(root, requirements)
                shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
                aside = path.with_suffix(".unfinished")
                subprocess.run(["tar", "-C", root, "-cf", aside, "."], check=True)
                aside.rename(path)
    return path


def add_wheels(root, requirements):
    """As the official image: `python` and `pip` install into the image itself; and from its own folder alone."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--only-binary=:all:", f"--python-version={PYTHON}", "--dest", root / "wheels", *requirements]
    if subprocess.run(command, check=False).returncode:
        raise Missing("the packages of the base image could not be downloaded")
    (root / "etc/pip.conf").write_text(
        "[global]\nno-index = true\nfind-links = /wheels\nroot-user-action = ignore\ndisable-pip-version-check = true\n"
    )
    for mark in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        mark.unlink()
    (root / "usr/bin/python").symlink_to("python3")


@contextlib.contextmanager
def unmounted(folder):
    """An engine leaves its network's name space mounted."""
    try:
        yield folder
    finally:
        with open("/proc/mounts") as file:
            places = [line.split(" ")[1] for line in file]
        for place in reversed(places):
            if place.startswith(f"{folder}/"):
                subprocess.run(["umount", "--lazy", place], check=False)


@contextlib.contextmanager
def engine(program, cli, image):
    """An engine with the base image in it: what CMD needs of it, in its environment."""
    with tempfile.TemporaryDirectory(prefix="static-assets-docker-") as folder, unmounted(Path(folder)) as folder:
        socket, log = folder / "docker.sock", folder / "dockerd.log"
        command = [program, f"--host=unix://{socket}", f"--data-root={folder}/data", f"--exec-root={folder}/exec"]
        command += [f"--pidfile={folder}/dockerd.pid", "--bridge=none", "--iptables=false", "--ip6tables=false"]
        docker = [cli, f"--host=unix://{socket}"]

        def answers():
            return not subprocess.run([*docker, "info"], capture_output=True, check=False).returncode

        with process.running(command, log, patience=20) as daemon:
            try:
                process.wait_until(answers, daemon, log)
            except RuntimeError as error:
                raise Missing(str(error).strip().splitlines()[-1]) from error
            first, *others = NAMES
            subprocess.run([*docker, "import", image, first], check=True, stdout=subprocess.DEVNULL)
            for name in others:
                subprocess.run([*docker, "tag", first, name], check=True)
            yield {"STATIC_ASSETS_TEST_DOCKER": str(socket), "STATIC_ASSETS_TEST_DOCKER_CLI": str(cli)}


def main(args):
    if args == ["--install"]:
        try:
            install()
        except Missing as reason:
            output.note(f"no Docker engine: {reason}")
        return 0
    if len(args) < 2 or args[0] != "--":
        output.fail("usage: script/docker -- CMD ARGS…", 2)
    with contextlib.ExitStack() as stack:
        try:
            env = stack.enter_context(engine(*install()))
        except Missing as reason:
            output.note(f"no Docker engine: {reason}")
            env = {}
        return process.run_to_the_end(args[1:], {**os.environ, **env})


if __name__ == "__main__":
    process.run(main)
