"""Elixir, from the system's packages: as root it is installed where it is missing, else the command is said.

Also what turns a fixture into an app that can be built with the Phoenix sources of STATIC_ASSETS_TEST_PHOENIX.
"""

import os
import re
import shutil
from pathlib import Path

import apt


def install():
    """Whether `elixir` is on PATH afterwards."""
    if not shutil.which("elixir"):
        apt.install("elixir")
    return shutil.which("elixir") is not None


class Phoenix:
    """The sources of one generation: <folder>/<generation>/deps/<name>, and beside them esbuild."""

    def __init__(self, generation):
        self.root = Path(os.environ["STATIC_ASSETS_TEST_PHOENIX"])
        self.folder = self.root / generation
        self.env = {"MIX_ENV": "prod", "LC_ALL": "C.UTF-8", "HEX_OFFLINE": "1"}
        if (self.folder / "mix").is_dir():
            self.env["MIX_HOME"] = str(self.folder / "mix")

    @staticmethod
    def find(generation):
        return Phoenix(generation) if os.environ.get("STATIC_ASSETS_TEST_PHOENIX") else None

    @property
    def bin(self):
        return self.folder / "elixir" / "bin"

    def give_dependencies(self, app):
        """As `mix deps.get` would, from the sources that are there."""
        deps = sorted(path for path in (self.folder / "deps").iterdir() if path.is_dir())
        lines = []
        for path in deps:
            runtime = ", runtime: false" if path.name in ("esbuild", "tailwind") else ""
            lines.append(f'{{:{path.name}, path: "{path}", override: true{runtime}}}')
        mix = app / "mix.exs"
        listed = f"defp deps do\n    [{', '.join(lines)}]\n  end"
        mix.write_text(re.sub(r"defp deps do\n.*?\n  end", lambda _: listed, mix.read_text(), flags=re.DOTALL))
        (app / "deps").symlink_to(self.folder / "deps")
        (app / "_build").mkdir()
        shutil.copy(self.root / "esbuild", app / "_build" / "esbuild-linux-x64")


if __name__ == "__main__":
    install()
