"""script/bench publish: what publishing to a bucket 30 ms away costs, next to what people use for it.

Each run has an empty server to itself, behind a proxy that makes the way 30 ms long; every round runs all tools, each
round in another order. What was stored is checked after every run. A run that shared the machine with something else
is repeated. --files N for another size than 10,000; --write writes docs/performance.md.
"""

import json
import os
import resource
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import bench_django
import bench_report
import bench_store
import bench_tools
import bench_trees
import cache
import lifecycle
import measure
import output
import services

OPTIONS = {"--rounds": 3, "--files": 10_000, "--write": False}
DELAY = 30_000
CONCURRENCIES = (64, 128, 256)
# Of all the processors' time, what others may take before a run is repeated, and how often it is.
FOREIGN, ATTEMPTS = 0.1, 3
# Seconds that are spent on waiting for others and on repeating, over all.
PATIENCE = 300
PEERS = ("s5cmd", "rclone")
REQUESTS = ("get", "head", "list", "put", "other")
SETTINGS = """
    from pathlib import Path

    BASE_DIR = Path(__file__).resolve().parent.parent
    SECRET_KEY = "only for this bench"
    INSTALLED_APPS = ["django.contrib.staticfiles", "storages"]
    ROOT_URLCONF = "config.urls"
    STATIC_URL = "/static/"
    STATIC_ROOT = BASE_DIR / "staticfiles"
    STATICFILES_DIRS = [BASE_DIR / "assets"]
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {
            "BACKEND": "storages.backends.s3.S3ManifestStaticStorage",
            "OPTIONS": {
                "bucket_name": "%s",
                "location": "app",
                "querystring_auth": False,
                "object_parameters": {"CacheControl": "%s"},
            },
        },
    }
"""


@dataclass(frozen=True)
class Run:
    cost: measure.Cost
    counts: dict
    proxy_cpu: float
    # Share of the machine that something else took.
    foreign: float
    # What ours says of itself.
    report: dict

    @property
    def requests(self):
        return sum(self.counts[kind] for kind in REQUESTS)


def busy():
    """Seconds that all processors have worked for anyone, the host's other guests included."""
    ticks = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    user, nice, system, _idle, _wait, irq, softirq, steal = ticks
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu():
    times = os.times()
    return times.user + times.system


class Bench:
    def __init__(self, scratch, rounds, count):
        self.scratch, self.rounds, self.count = scratch, rounds, count
        self.weed = services.install_s3()
        self.venv, self.pins = bench_tools.environment()
        self.proxy_program, put_loop = bench_store.programs("delay_proxy", "put_loop")
        # After those: they come with a binary that has what only tests need.
        self.program = lifecycle.binary(release=True)
        self.tools = bench_tools.Tools(self.program, put_loop, self.venv, scratch)
        tools = self.tools
        self.makers = [tools.ours, *[tools.before] * bool(lifecycle.before())]
        self.makers += [tools.loop, tools.s5cmd, tools.rclone, tools.aws]
        self.runs, self.again, self.wrong_types = {}, {}, {}
        self.goals = bench_report.Table("goal", "measured", "at most", "verdict")
        self.disturbed = 0
        self.facts, self.missed, self.repeated, self.foreign, self.patience = [], 0, 0, FOREIGN, PATIENCE

    # -- one run

    def serving(self):
        return bench_store.serving(self.weed, self.proxy_program)

    def wait_for_quiet(self):
        while self.patience > 0:
            before = busy()
            time.sleep(1)
            if busy() - before < FOREIGN * os.cpu_count():
                break
            self.patience -= 1

    def run(self, server, tool, delay=DELAY, again=False):
        """`tool` is made for the endpoint that it is given."""
        with server.proxy(delay or 0) as proxy:
            endpoint = proxy.endpoint if delay is not None else server.endpoint
            tool = tool(endpoint)
            known = own_cpu() + cpu_of(server.pid) + cpu_of(proxy.child.pid)
            before, start = busy(), time.monotonic()
            cost = measure.cost(tool.again if again else tool.command, env=tool.env)
            took = busy() - before
            known = own_cpu() + cpu_of(server.pid) + cpu_of(proxy.child.pid) - known + cost.cpu
            foreign = max(0, took - known) / (os.cpu_count() * (time.monotonic() - start))
            counts = proxy.counts()
        report = json.loads(cost.stdout) if tool.ours else {}
        run = Run(cost, counts, proxy.cpu, foreign, report)
        if report and delay is not None and sum(report["requests"].values()) != run.requests:
            raise RuntimeError(f"{tool.name} says {report['requests']}, the proxy counted {counts}")
        return run

    def cold(self, tool, folder, delay=DELAY, again=False):
        """(run, second run that finds nothing to do or None), on an empty server, while nothing else runs."""
        best = None
        for attempt in range(ATTEMPTS):
            self.wait_for_quiet()
            start = time.monotonic()
            with self.serving() as server:
                run = self.run(server, tool, delay)
                self.check(server, tool, run, folder)
                second = self.run(server, tool, delay, again=True) if again and tool("").again else None
            if best is None or run.foreign < best[0].foreign:
                best = run, second
            if run.foreign <= FOREIGN or self.patience <= 0 or attempt + 1 == ATTEMPTS:
                break
            self.patience -= time.monotonic() - start
            self.repeated += 1
        self.disturbed += best[0].foreign > FOREIGN
        return best

    def check(self, server, tool, run, folder):
        name = tool("").name
        prefix = f"app/{run.report['version']}/" if run.report else "app/"
        wrong = bench_store.check(server, prefix, folder, bench_trees.TYPES)
        if wrong and run.report:
            raise RuntimeError(f"{name}: {', '.join(wrong)}")
        self.wrong_types[name] = wrong

    def tell(self, name, run):
        text = f"{name:<34}{run.cost.wall:8.2f} s {run.cost.cpu:8.2f} CPU s {run.cost.rss / 1e6:6.0f} MB"
        if run.requests:
            text += f" {run.requests:>9,} requests"
        output.fact(text + (f"   {run.foreign:.0%} of the machine was busy elsewhere" if run.foreign > FOREIGN else ""))

    def fact(self, text):
        output.fact(text)
        self.facts.append(text)

    def goal(self, name, values, limit, digits=2, unit=""):
        value = median(values)
        met = value <= limit
        self.missed += not met
        self.goals.add(name, bench_report.figure(values, digits) + unit, f"{limit:g}{unit}", "ok" if met else "MISSED")

    def at_least(self, name, value, limit):
        self.missed += value < limit
        self.goals.add(name, f"{value:,.0f}", f"at least {limit:g}", "ok" if value >= limit else "MISSED")

    # -- the rows

    def choose_concurrency(self, folder):
        """Of the bare loop: the best of each."""
        times = {}
        for _ in range(2):
            for concurrency in CONCURRENCIES:
                self.tools.concurrency = concurrency
                run, _ = self.cold(lambda endpoint: self.tools.loop(folder, endpoint), folder)
                self.tell(f"bare PUT loop, {concurrency} at once", run)
                times.setdefault(concurrency, []).append(run.cost.wall)
        self.tools.concurrency = min(times, key=lambda concurrency: min(times[concurrency]))
        texts = (f"{concurrency} at once {min(taken):.2f} s" for concurrency, taken in times.items())
        self.fact(f"Bare PUT loop: {', '.join(texts)}; measured with {self.tools.concurrency}.")

    def proxy_facts(self, folder):
        with self.serving() as server:
            direct = bench_store.round_trip(server.endpoint)
            trips = []
            for delay in (0, DELAY):
                with server.proxy(delay) as proxy:
                    trips.append(bench_store.round_trip(proxy.endpoint))
        self.fact(
            f"A small request takes {direct:.1f} ms on the direct way, {trips[0]:.1f} ms through the proxy without "
            f"delay, {trips[1]:.1f} ms with it."
        )
        runs = {None: [], 0: []}
        for number in range(self.rounds):
            for delay in (None, 0) if number % 2 else (0, None):
                run, _ = self.cold(lambda endpoint: self.tools.loop(folder, endpoint), folder, delay)
                self.tell("bare PUT loop, " + ("direct" if delay is None else "proxy without delay"), run)
                runs[delay].append(run)
        direct, through = (
            bench_report.figure([self.count / run.cost.wall for run in runs[delay]], 0) for delay in (None, 0)
        )
        self.fact(
            f"Without delay, the bare loop reaches {through} files/s through the proxy, which takes "
            f"{bench_report.figure([run.proxy_cpu for run in runs[0]])} CPU s, and {direct} directly."
        )

    def compare(self, folder):
        makers = self.makers
        for number in range(self.rounds):
            for index in range(len(makers)):
                maker = makers[(index + number) % len(makers)]
                run, again = self.cold(lambda endpoint, maker=maker: maker(folder, endpoint), folder, again=True)
                name = maker(folder, "").name
                self.tell(f"round {number + 1}: {name}", run)
                self.runs.setdefault(name, []).append(run)
                if again:
                    self.tell("   again, nothing changed", again)
                    self.again.setdefault(name, []).append(again)

    def compared_builds(self):
        for name, what in (("wall", lambda run: run.cost.wall), ("CPU", lambda run: run.cost.cpu)):
            ratios = self.ratios(what, ["static-assets before"])[1]
            self.fact(f"This build ÷ the one before, {name}: {bench_report.figure(ratios)}.")

    def ratios(self, what, names):
        """Of our runs to those of the best of `names`, round by round."""
        best = min(names, key=lambda name: median(map(what, self.runs[name])))
        pairs = zip(self.runs["static-assets"], self.runs[best], strict=True)
        return best, [what(ours) / what(theirs) for ours, theirs in pairs]

    def compared_goals(self):
        # One thread: it would be the limit at 1.
        shares = [run.proxy_cpu / run.cost.wall for runs in self.runs.values() for run in runs]
        self.goal("share of the time that the proxy worked", shares, 0.5)
        for label, what, limit in (
            ("wall", lambda run: run.cost.wall, 0.9),
            ("CPU", lambda run: run.cost.cpu, 0.4),
            ("peak memory", lambda run: run.cost.rss, 0.6),
        ):
            best, ratios = self.ratios(what, PEERS)
            self.goal(f"{label}, ours ÷ {best}", ratios, limit)
        self.goal("wall, ours ÷ bare PUT loop", self.ratios(lambda run: run.cost.wall, ["bare PUT loop"])[1], 1.1)
        beyond = [run.requests - self.count for run in self.runs["static-assets"]]
        self.goal("requests beyond one per file, content version", beyond, 5, 0)
        self.goal("requests of an unchanged run", [run.requests for run in self.again["static-assets"]], 3, 0)

    def explicit(self, folder):
        run, _ = self.cold(lambda endpoint: self.tools.ours(folder, endpoint, RELEASE_VERSION="v1"), folder)
        self.tell("static-assets, RELEASE_VERSION=v1", run)
        self.goal("requests beyond one per file, RELEASE_VERSION", [run.requests - self.count], 8, 0)

    def resume(self, folder):
        """Killed when half of the files were sent, then run again."""
        ratios, again = [], []
        cold = median(run.cost.wall for run in self.runs["static-assets"])
        for _ in range(self.rounds):
            self.wait_for_quiet()
            with self.serving() as server:
                killed = self.kill_at_half(server, folder)
                present = settled(lambda: {n: s for n, s in server.list("app/").items() if n[0] != "."})
                run = self.run(server, lambda endpoint: self.tools.ours(folder, endpoint))
                self.check(server, lambda endpoint: self.tools.ours(folder, endpoint), run, folder)
            self.tell(f"static-assets, resumed with {len(present):,}", run)
            if killed.code != -signal.SIGKILL:
                raise RuntimeError(f"static-assets ended with {killed.code} before it was killed")
            ratios.append(run.cost.wall / cold)
            again.append(run.report["uploaded"]["files"] - (self.count - len(present)))
        self.goal("wall of the run after a kill at half ÷ of a cold run", ratios, 0.6)
        self.goal("files that it puts though they were there", again, 0, 0)

    def kill_at_half(self, server, folder):
        with server.proxy(DELAY) as proxy:
            tool = self.tools.ours(folder, proxy.endpoint)

            def watch(pid):
                # Not reaped before `measure` sees it: the id is still its own.
                if proxy.counts()["put"] >= self.count // 2:
                    os.kill(pid, signal.SIGKILL)

            return measure.cost(tool.command, env=tool.env, watch=watch)

    def sizes(self):
        """A tenth and ten times as many files."""
        small, large = self.count // 10, self.count * 10
        per_file = {}
        for count, rounds in ((small, self.rounds), (large, 1)):
            folder = bench_trees.tree(count)
            for maker in (self.tools.ours, self.tools.loop):
                for _ in range(rounds):
                    run, _ = self.cold(lambda endpoint, maker=maker, folder=folder: maker(folder, endpoint), folder)
                    self.tell(f"{maker(folder, '').name}, {count:,} files", run)
                    per_file.setdefault((maker(folder, "").name, count), []).append(1000 * run.cost.wall / count)
                if maker == self.tools.ours and count == large:
                    self.goal(f"peak memory for {large:,} files", [run.cost.rss / 1e6], 96, 0, " MB")
        ratio = {name: median(per_file[name, large]) / median(per_file[name, small]) for name, _ in per_file}
        self.goal(f"time per file of {large:,} ÷ of {small:,}", [ratio["static-assets"]], 1.1)
        texts = (f"{name} {median(values):.2f} ms for {count:,}" for (name, count), values in per_file.items())
        self.fact(f"Time per file: {', '.join(texts)}; the bare loop's own ratio is {ratio['bare PUT loop']:.2f}.")

    def django(self):
        """What django-storages does on the way of the app's own collectstatic, next to our build of the same app."""
        count = self.count // 20
        settings = SETTINGS % (bench_tools.BUCKET, bench_store.CACHE_CONTROL)
        source = bench_django.project(self.scratch / "django", settings)
        shutil.copytree(bench_trees.tree(count), source / "assets")
        path = os.pathsep.join([str(self.venv / "bin"), os.environ.get("PATH", os.defpath)])
        theirs = self.storages(source, path)
        output.fact(f"django-storages, {count:,} files: {theirs.wall:.1f} s, {theirs.cpu:.1f} CPU s")
        ours = []
        for _ in range(self.rounds):
            self.wait_for_quiet()
            with self.serving() as server, server.proxy(DELAY) as proxy:
                folder = self.scratch / "build"
                folder.mkdir()
                settings = self.tools.settings(proxy.endpoint)
                build = lifecycle.Build(self.program, source, folder, path=path, user_env=settings)
                if not build.detect():
                    raise RuntimeError("bin/detect does not take the Django project")
                taken = measure.cost(build.build_command(), env=build.env, cwd=build.app)
                stored = [name for name in server.list("app/") if not name.startswith(".")]
                shutil.rmtree(folder)
            if len(stored) < count:
                raise RuntimeError(f"bin/build published {len(stored)} of {count} files")
            output.fact(f"our build of the same: {taken.wall:.2f} s, {taken.cpu:.2f} CPU s, {len(stored):,} objects")
            ours.append(taken.wall)
        self.at_least(
            f"collectstatic with django-storages ÷ our build step, {count:,} files", theirs.wall / median(ours), 50
        )
        self.fact(
            f"collectstatic with django-storages' S3ManifestStaticStorage takes {theirs.wall:.1f} s for {count:,} "
            f"files (one run), our whole build step of the same project {bench_report.figure(ours)} s. Extrapolated, "
            f"not measured, to {self.count:,} files: {theirs.wall * self.count / count / 60:.0f} minutes."
        )

    def storages(self, source, path):
        self.wait_for_quiet()
        app = shutil.copytree(source, self.scratch / "collectstatic")
        with self.serving() as server, server.proxy(DELAY) as proxy:
            env = {**bench_tools.aws_env(proxy.endpoint), "PATH": path}
            taken = measure.cost(["python", "manage.py", "collectstatic", "--noinput"], env=env, cwd=app)
            stored = server.list("app/")
        for file in (app / "assets").rglob("*"):
            if file.is_file() and stored.get(str(file.relative_to(app / "assets"))) != file.stat().st_size:
                raise RuntimeError(f"django-storages: {file.name} is not stored")
        return taken

    # -- what is told

    def tools_table(self):
        table = bench_report.Table(
            "tool", "wall s", "CPU s", "peak memory MB", "requests", "connections", "unchanged: wall s", "requests"
        )
        for name, runs in self.runs.items():
            again = self.again.get(name)
            table.add(
                name,
                bench_report.figure([run.cost.wall for run in runs]),
                bench_report.figure([run.cost.cpu for run in runs]),
                bench_report.figure([run.cost.rss / 1e6 for run in runs], 0),
                f"{median(run.requests for run in runs):,.0f}",
                f"{median(run.counts['connections'] for run in runs):,.0f}",
                bench_report.figure([run.cost.wall for run in again]) if again else "",
                f"{median(run.requests for run in again):,.0f}" if again else "",
            )
        return table


def settled(read):
    """What is read twice the same: requests of a process that was killed may still arrive."""
    last = read()
    while True:
        time.sleep(0.2)
        if (now := read()) == last:
            return now
        last = now


def run(rounds, count, write):
    # A connection is two open files of the proxy.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="static-assets-bench-") as name:
        bench = Bench(Path(name).resolve(), rounds, count)
        for text in (bench_report.machine(), bench_report.ours(bench.program), bench_report.versions(bench.pins)):
            output.fact(text)
        folder = bench_trees.tree(count)
        output.header("The limit and the proxy")
        bench.choose_concurrency(folder)
        bench.proxy_facts(folder)
        output.header(f"{count:,} files, 30 ms")
        bench.compare(folder)
        if lifecycle.before():
            bench.compared_builds()
        bench.compared_goals()
        bench.explicit(folder)
        bench.resume(folder)
        output.header("Fewer and more files")
        bench.sizes()
        output.header("django-storages")
        bench.django()
        output.header("Figures")
        print(f"{bench.tools_table()}\n\n{bench.goals}", flush=True)
        print()
        output.fact(f"{bench.repeated} runs were repeated, {bench.disturbed} shared the machine with something else")
        if write:
            command = "script/bench publish --write"
            for option, value in (("--rounds", rounds), ("--files", count)):
                command += f" {option} {value}" if value != OPTIONS[option] else ""
            (cache.ROOT / "docs" / "performance.md").write_text(bench_report.document(bench, command))
    return 1 if bench.missed else 0
