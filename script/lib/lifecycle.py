"""As much of the Cloud Native Buildpacks lifecycle as one buildpack needs: detect, build, the environment at launch."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import cache


def binary(*, release=False):
    """The program: STATIC_ASSETS_BIN when it is set, else built by cargo."""
    if given := os.environ.get("STATIC_ASSETS_BIN"):
        return Path(given).resolve(strict=True)
    profile = ["--release"] if release else []
    subprocess.run(["cargo", "build", "--locked", *profile], cwd=cache.ROOT, check=True)
    metadata = ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"]
    out = subprocess.run(metadata, cwd=cache.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    target = re.search(r'"target_directory":"([^"]+)"', out)[1]
    return Path(target, "release" if release else "debug", "static-assets")


def before():
    """The program of another build to compare with, from STATIC_ASSETS_BIN_BEFORE."""
    given = os.environ.get("STATIC_ASSETS_BIN_BEFORE")
    return given and Path(given).resolve(strict=True)


class Build:
    """One build of one app, in `folder`: buildpack/, platform/, plan.toml, layers/ and the app in workspace/."""

    def __init__(self, binary, source, folder, *, path, user_env):
        self.folder, self.app, self.layers = folder, folder / "workspace", folder / "layers"
        self.buildpack, self.platform, self.plan = folder / "buildpack", folder / "platform", folder / "plan.toml"

        (self.buildpack / "bin").mkdir(parents=True)
        for phase in ("detect", "build"):
            (self.buildpack / "bin" / phase).symlink_to(binary)
        shutil.copy(cache.ROOT / "buildpack.toml", self.buildpack)
        shutil.copytree(source, self.app, symlinks=True)
        self.layers.mkdir()
        (self.platform / "env").mkdir(parents=True)
        for name, value in user_env.items():
            (self.platform / "env" / name).write_text(value)

        # The lifecycle passes on little of its own environment: no locale, no AWS_*, no Python settings.
        self.base = {"HOME": os.environ.get("HOME", "/"), "PATH": path}
        system, version = distribution()
        self.env = {
            **self.base,
            **user_env,
            "CNB_BUILDPACK_DIR": str(self.buildpack),
            "CNB_PLATFORM_DIR": str(self.platform),
            "CNB_BUILD_PLAN_PATH": str(self.plan),
            "CNB_BP_PLAN_PATH": str(self.plan),
            "CNB_LAYERS_DIR": str(self.layers),
            "CNB_TARGET_OS": "linux",
            "CNB_TARGET_ARCH": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
            "CNB_TARGET_DISTRO_NAME": system,
            "CNB_TARGET_DISTRO_VERSION": version,
        }

    def detect_command(self):
        return [self.buildpack / "bin" / "detect", self.platform, self.plan]

    def build_command(self):
        return [self.buildpack / "bin" / "build", self.layers, self.platform, self.plan]

    def detect(self):
        """Whether it passes; the exit code, where that is neither pass (0) nor fail (100), is an error."""
        code, output = self._run(self.detect_command())
        if code not in (0, 100):
            raise RuntimeError(f"bin/detect ended with {code}\n{output}")
        # The build gets the plan's entries that a buildpack requires of another one: none here.
        self.plan.write_text("")
        return code == 0

    def build(self):
        """What the build printed."""
        code, output = self._run(self.build_command())
        if code:
            raise RuntimeError(f"bin/build ended with {code}\n{output}")
        return output

    def _run(self, command):
        result = subprocess.run(
            command,
            cwd=self.app,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return result.returncode, result.stdout.decode(errors="replace")

    def launch_env(self, operator=None):
        """What a process finds when the launcher starts it, with the operator's variables set on the container."""
        env = {**self.base, **(operator or {})}
        for layer in sorted(path for path in self.layers.iterdir() if path.is_dir()):
            if not is_launch(layer):
                continue
            for folder, name in (("bin", "PATH"), ("lib", "LD_LIBRARY_PATH")):
                if (layer / folder).is_dir():
                    env[name] = os.pathsep.join(filter(None, [str(layer / folder), env.get(name)]))
            for folder in ("env", "env.launch"):
                modify(env, layer / folder)
        return env


def is_launch(layer):
    # tomllib came with Python 3.11; the lifecycle's layer file is this simple.
    types = layer.with_name(f"{layer.name}.toml")
    return types.exists() and re.search(r"^\s*launch\s*=\s*true", types.read_text(), re.MULTILINE) is not None


def modify(env, folder):
    """Applies one env folder: NAME.override, .default, .prepend, .append, joined by NAME.delim."""
    for file in sorted(path for path in folder.glob("*") if path.is_file()):
        name, _, action = file.name.partition(".")
        value, old = file.read_text(), env.get(name, "")
        delimiter = folder / f"{name}.delim"
        between = delimiter.read_text() if old and delimiter.exists() else ""
        if action in ("", "override"):
            env[name] = value
        elif action == "default":
            env[name] = old or value
        elif action == "prepend":
            env[name] = value + between + old
        elif action == "append":
            env[name] = old + between + value
        elif action != "delim":
            raise RuntimeError(f"{file}: no such modification")


def distribution():
    """Name and version of this system, as the lifecycle reads them."""
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        text = ""
    values = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)', text, re.MULTILINE))
    return values.get("ID", "debian"), values.get("VERSION_ID", "12")
