"""script/bench digest: our digest next to `mix phx.digest`, on the same files, with the same result.

Needs the sources of STATIC_ASSETS_TEST_PHOENIX (CONTRIBUTING.md). Ours is a whole build step that compiles only: it
recognises the app, digests, looks through its pages and scripts. Theirs is the task alone, without a compile.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median

import bench_trees
import cache
import elixir
import lifecycle
import output
from bench_django import seconds

OPTIONS = {"--rounds": 5, "--files": 1000}
# Five times as fast.
GOAL = 0.2
GENERATION, FIXTURE = "1.8", "phoenix_1_8"


def run(rounds, files):
    phoenix = elixir.Phoenix.find(GENERATION)
    if not phoenix:
        output.note("skipped: bench digest because no Phoenix is there (STATIC_ASSETS_TEST_PHOENIX)")
        return 0
    program, tree = lifecycle.binary(release=True), bench_trees.tree(files)
    with tempfile.TemporaryDirectory(prefix="static-assets-bench-") as name:
        bench = Bench(Path(name).resolve(), phoenix, program, tree)
        bench.compile()
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        output.fact(f"{files} files, {size / 1e6:.1f} MB, Phoenix {GENERATION}, {os.cpu_count()} CPUs")
        bench.ours(), bench.theirs()
        bench.compare()
        pairs = [(bench.theirs(), bench.ours()) for _ in range(rounds)]
        if before := lifecycle.before():
            builds = [bench.ours() / bench.ours(before) for _ in range(rounds)]
            spread = f"{min(builds):.2f}–{max(builds):.2f}"
            output.fact(f"this build ÷ the one before {median(builds):.2f} ({spread})")
    ratios = [ours / theirs for theirs, ours in pairs]
    theirs, ours = (median(column) for column in zip(*pairs, strict=True))
    ok = median(ratios) <= GOAL
    output.fact(f"mix phx.digest {theirs:.2f} s, our whole build step {ours:.2f} s, median of {rounds} rounds")
    output.fact(
        f"ours ÷ theirs {median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f}), "
        f"{1 / median(ratios):.1f} × as fast; goal ≤ {GOAL:g} {'ok' if ok else 'MISSED'}"
    )
    return 0 if ok else 1


class Bench:
    def __init__(self, scratch, phoenix, program, tree):
        self.phoenix, self.program, self.tree = phoenix, program, tree
        self.apps = {name: scratch / name for name in ("theirs", "ours")}
        self.path = os.pathsep.join([str(phoenix.bin), os.environ.get("PATH", os.defpath)])
        self.env = {**phoenix.env, "PATH": self.path, "HOME": os.environ.get("HOME", "/")}
        for app in self.apps.values():
            shutil.copytree(cache.ROOT / "fixtures" / FIXTURE, app)
        phoenix.give_dependencies(self.apps["theirs"])
        self.folder = scratch / "builds"
        self.count = 0

    def compile(self):
        subprocess.run(["mix", "compile"], cwd=self.apps["theirs"], env=self.env, check=True, stdout=subprocess.DEVNULL)

    def fresh(self, name):
        static = self.apps[name] / "priv" / "static"
        shutil.rmtree(static)
        shutil.copytree(self.tree, static)
        return self.apps[name]

    def theirs(self):
        return seconds(["mix", "phx.digest", "--no-compile"], cwd=self.fresh("theirs"), env=self.env)

    def ours(self, program=None):
        self.count += 1
        settings = {
            "STATIC_ASSETS_COMPILE": "1",
            "STATIC_ASSETS_COMPILE_COMMAND": "true",
            "STATIC_ASSETS_DIGEST": "native",
        }
        source, folder = self.fresh("ours"), self.folder / str(self.count)
        build = lifecycle.Build(program or self.program, source, folder, path=self.path, user_env=settings)
        build.detect()
        taken = seconds(build.build_command(), cwd=build.app, env=build.env)
        self.made = build.app / "priv" / "static"
        return taken

    def compare(self):
        """Every file of both, byte for byte; the manifest differs in its time and order."""
        theirs = self.apps["theirs"] / "priv" / "static"
        for one, other in ((theirs, self.made), (self.made, theirs)):
            for path in one.rglob("*"):
                below = path.relative_to(one)
                if path.is_file() and path.name != "cache_manifest.json":
                    if not (other / below).is_file() or (other / below).read_bytes() != path.read_bytes():
                        raise RuntimeError(f"{below} differs from what mix phx.digest made")
