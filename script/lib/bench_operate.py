"""script/bench operate: what `list` and `prune --apply` cost in a bucket 30 ms away, next to s5cmd on the same objects.

`list` reads 1,000 versions with 10,000 refs from SeaweedFS. `prune --apply` deletes 10,000 files of 25 versions from
`rclone serve s3`, whose objects are files: their times can be set to a month ago. Each round runs both tools, each
round in another order, and checks what is left.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import bench_report
import bench_store
import bench_tools
import lifecycle
import measure
import output
import process
import s3_servers
import services

OPTIONS = {"--rounds": 3}
DELAY = 30_000
VERSIONS, REFS = 1000, 10
OLD, FILES = 25, 400
# The newest, which a policy of one version keeps.
KEPT = "w00000"
BUCKET = bench_store.BUCKET
MOST = 1.2
MOST_MEMORY = 64e6


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"


def write_version(folder, version, files, refs):
    """The protocol's objects of a version, below `folder`. Returns its marker's paths."""
    meta = folder / ".static-assets"
    content = hashlib.sha256(version.encode()).hexdigest()
    paths = [f"assets/file-{index:04}.js" for index in range(files)]
    listed = [
        {"cache": bench_store.CACHE_CONTROL, "path": path, "sha256": content, "size": 1000, "type": "text/javascript"}
        for path in paths
    ]
    marker = {
        "content": content, "digest": content, "files": listed, "kind": "explicit", "schema": 1,
        "totals": {"bytes": 1000 * files, "files": files}, "version": version,
    }  # fmt: skip
    objects = {f"versions/{version}.json": marker}
    claim = {"content": content, "schema": 1, "version": version}
    objects[f"claims/{version}/{content}.json"] = claim
    for index in range(refs):
        group = f"group-{index % 3}"
        ref = {
            "at": "2026-01-01T00:00:00Z", "content": content, "group": group, "label": version,
            "schema": 1, "tool": "bench", "version": version,
        }  # fmt: skip
        objects[f"refs/{version}/{group}/{index:016x}.json"] = ref
    for name, value in objects.items():
        path = meta / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(canonical(value))
    return paths


@contextlib.contextmanager
def serving_files(data):
    """An S3 server whose objects are the files below `data`."""
    server = next(server for server in s3_servers.install() if server.name == "rclone")
    with tempfile.TemporaryDirectory(prefix="static-assets-bench-rclone-") as folder, contextlib.ExitStack() as stack:
        (port,) = process.free_ports(1)
        command, env = server.command(Path(folder), port, services.KEY_ID, services.SECRET)
        command[-1] = data
        log = Path(folder) / "log"
        child = stack.enter_context(process.running(command, log, env={**bench_tools.base(), **env}))
        endpoint = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: process.get(endpoint)[0] is not None, child, log)
        yield endpoint


class Bench:
    def __init__(self, scratch, rounds):
        self.scratch, self.rounds = scratch, rounds
        self.weed = services.install_s3()
        self.venv, _ = bench_tools.environment()
        (self.proxy_program,) = bench_store.programs("delay_proxy")
        self.program = lifecycle.binary(release=True)
        self.tools = bench_tools.Tools(self.program, None, self.venv, scratch)
        self.s5cmd = next(self.venv.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"))
        self.goals = bench_report.Table("goal", "measured", "at most", "verdict")
        self.missed = 0

    def goal(self, name, values, limit, unit=""):
        met = median(values) <= limit
        self.missed += not met
        self.goals.add(name, bench_report.figure(values) + unit, f"{limit:g}{unit}", "ok" if met else "MISSED")

    def ours(self, endpoint, *arguments):
        return measure.cost([self.program, *arguments], env={**bench_tools.base(), **self.tools.settings(endpoint)})

    def peer(self, endpoint, *arguments):
        command = [self.s5cmd, "--numworkers", str(bench_tools.CONCURRENCY), "--log", "error", *arguments]
        env = {**bench_tools.aws_env(endpoint), "S3_ENDPOINT_URL": endpoint}
        return measure.cost(command, env=env)

    def compare(self, name, one_round):
        """`one_round(tool)` is the cost of "ours" or of "s5cmd"."""
        walls, memory = {"ours": [], "s5cmd": []}, []
        for number in range(self.rounds):
            order = ("ours", "s5cmd") if number % 2 else ("s5cmd", "ours")
            for tool in order:
                cost = one_round(tool)
                walls[tool].append(cost.wall)
                if tool == "ours":
                    memory.append(cost.rss / 1e6)
                output.fact(f"{name}, {tool:<8}{cost.wall:8.2f} s {cost.cpu:8.2f} CPU s {cost.rss / 1e6:6.0f} MB")
        ratios = [ours / peer for ours, peer in zip(walls["ours"], walls["s5cmd"], strict=True)]
        self.goal(f"{name}, wall time next to s5cmd", ratios, MOST)
        self.goal(f"{name}, memory", memory, MOST_MEMORY / 1e6, " MB")

    def list(self):
        tree = self.scratch / "list"
        for number in range(VERSIONS):
            write_version(tree, f"v{number:05}", 10, REFS)
        with bench_store.serving(self.weed, self.proxy_program) as server:
            self.peer(server.endpoint, "cp", f"{tree}/", f"s3://{BUCKET}/app/")
            with server.proxy(DELAY) as proxy:

                def one_round(tool):
                    if tool == "s5cmd":
                        return self.peer(proxy.endpoint, "ls", f"s3://{BUCKET}/app/.static-assets/*")
                    cost = self.ours(proxy.endpoint, "list", "--json")
                    found = json.loads(cost.stdout)["versions"]
                    if len(found) != VERSIONS or found[0]["commit"] is None:
                        raise RuntimeError(f"{len(found)} versions were listed")
                    return cost

                self.compare("list", one_round)

    def prune(self):
        def one_round(tool):
            with tempfile.TemporaryDirectory(dir=self.scratch) as data, serving_files(data) as endpoint:
                store = Path(data) / BUCKET / "app"
                versions = [f"v{number:05}" for number in range(OLD)]
                for version in (*versions, KEPT):
                    for path in write_version(store, version, FILES, 3):
                        path = store / version / path
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(b"x" * 1000)
                    age_files(store, version, 35 if version == KEPT else 40)
                server = bench_store.Server(self.proxy_program, endpoint, os.getpid())
                with server.proxy(DELAY) as proxy:
                    if tool == "s5cmd":
                        cost = self.peer(proxy.endpoint, "rm", f"s3://{BUCKET}/app/v*")
                    else:
                        policy = ("--keep-last", "1", "--apply", "--force", "--json")
                        cost = self.ours(proxy.endpoint, "prune", *policy)
                left = sum(1 for path in store.glob("[vw]*/**/*") if path.is_file())
                if left != FILES:
                    raise RuntimeError(f"{tool}: {left} files are left, and not {FILES}")
                return cost

        self.compare("prune --apply", one_round)


def age_files(store, version, days):
    then = time.time() - days * 86_400
    for path in store.glob(f"**/{version}/**/*"):
        os.utime(path, (then, then))
    for path in store.glob(f".static-assets/**/{version}.json"):
        os.utime(path, (then, then))


def run(rounds):
    scratch = Path(tempfile.mkdtemp(prefix="static-assets-bench-operate-"))
    try:
        bench = Bench(scratch, rounds)
        bench.prune()
        bench.list()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(bench.goals)
    return 1 if bench.missed else 0
