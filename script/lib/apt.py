"""Packages of the system, which script/test installs if it runs as root."""

import os
import shutil
import subprocess

import output

# Several installations may run at once: each waits for the lock of the others.
COMMAND = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "--yes", "--no-install-recommends"]


def install(*packages, quiet=False):
    """Whether they could be installed. Without root or apt-get, the command is said."""
    command = [*COMMAND, *packages]
    if not shutil.which("apt-get") or os.geteuid() != 0:
        output.note(f"to install {' and '.join(packages)}: sudo apt-get install {' '.join(packages)}")
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    sink = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} if quiet else {}
    if subprocess.run(command, env=env, check=False, **sink).returncode:
        # The lists of a fresh image are empty.
        subprocess.run(["apt-get", "update"], env=env, check=False, **sink)
        return not subprocess.run(command, env=env, check=False, **sink).returncode
    return True
