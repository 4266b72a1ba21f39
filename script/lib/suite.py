"""script/test          everything
script/test quick    format, lints, unit and contract tests, one Django
script/test AREA…    the integration tests whose name holds AREA, with all that they need

The last line is the count over cargo and unittest; a step without tests that fails counts as one failed. What was
skipped is listed before it. With CI=true a skip that tests/allowed-skips.txt doesn't name is a failure.
"""

import contextlib
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cache
import output
import process

# What `quick` runs of the integration tests, by part of a name.
QUICK = ["architecture", "contract", "publish_model", "secrets", "django52"]
ALLOWED_SKIPS = cache.ROOT / "tests" / "allowed-skips.txt"

RESULT = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed;")
TEST = re.compile(r"test (\S+)(?: - should panic)? \.\.\. (ok|ignored)(?:, (.*))?$")
UNITTEST = re.compile(r"^(\d+) passed, (\d+) failed, \d+ skipped\n\Z", re.MULTILINE)


class Stop(Exception):
    """What comes next can't work."""


class Suite:
    def __init__(self, scratch):
        self.scratch = scratch
        self.ledger = scratch / "skips"
        self.ledger.touch()
        self.env = {**os.environ, "STATIC_ASSETS_TEST_SKIPS": str(self.ledger), "PYTHONDONTWRITEBYTECODE": "1"}
        if python2 := cache.find_python("2.7"):
            self.env.setdefault("STATIC_ASSETS_TEST_PYTHON2", python2)
        self.passed = self.failed = 0
        self.background = []

    # -- steps

    def step(self, *command, title=None):
        """One command that passes or fails as a whole."""
        title = title or " ".join(map(str, command))
        output.header(title)
        try:
            with self.start(command) as child:
                code = child.wait()
        except OSError as error:
            output.fact(error)
            code = 127
        if code:
            self.fail(f"{title} ended with {code}")
        return code == 0

    def cargo_test(self, *args, around=()):
        """`cargo test`, shown as it runs and counted. A test that noted a skip under its own name is not a pass."""
        command = [*around, "cargo", "test", "--locked", "--no-fail-fast", *args]
        output.header(" ".join(map(str, command)))
        counts, ran = [0, 0], set()
        with self.start(command, stdout=subprocess.PIPE, text=True, errors="replace") as child:
            for line in child.stdout:
                print(line, end="", flush=True)
                if match := RESULT.match(line):
                    counts = [sum(pair) for pair in zip(counts, map(int, match.groups()), strict=True)]
                elif match := TEST.match(line.rstrip()):
                    name, state, reason = match.groups()
                    if state == "ok":
                        ran.add(name)
                    else:
                        self.skip(name, reason or "it is ignored in the source")
            code = child.wait()
        passed, failed = counts
        self.passed += passed - len(ran & {name for name, _ in self.skips()})
        self.failed += failed
        if code and not failed:
            self.fail(f"cargo test ended with {code}")
        return passed + failed

    def unittests(self, venvs):
        """tests/python in every environment at once, shown one after the other."""
        with contextlib.ExitStack() as stack:
            started = []
            for venv in venvs:
                log = stack.enter_context((self.scratch / f"unittest-{venv.name}.log").open("w+", errors="replace"))
                command = [venv / "bin" / "python", "-B", cache.LIB / "run_unittest.py", venv.name, "tests/python"]
                child = stack.enter_context(self.start(command, stdout=log, stderr=subprocess.STDOUT))
                started.append((venv.name, child, log))
            for name, child, log in started:
                output.header(f"python -m unittest discover -s tests/python ({name})")
                code = child.wait()
                log.seek(0)
                text = log.read()
                print(text, end="", flush=True)
                count = UNITTEST.search(text)
                passed, failed = map(int, count.groups()) if count else (0, 0)
                self.passed += passed
                self.failed += failed
                if not count or (code and not failed):
                    self.fail(f"unittest ended with {code}")

    def lint_scripts(self):
        """ruff and shellcheck, from the package registry."""
        try:
            tools = cache.venv(sys.executable, cache.LIB / "requirements-tools.txt") / "bin"
        except (OSError, subprocess.CalledProcessError):
            self.skip("ruff and shellcheck", "they could not be installed")
            return
        python = [path for path in ("src", "tests", "script") if any(Path(path).rglob("*.py"))]
        self.step(tools / "ruff", "check", "--quiet", "--no-cache", *python, title=f"ruff check {' '.join(python)}")
        scripts = filter(Path.is_file, sorted(Path("script").iterdir()))
        shell = [Path(".ci/run"), Path("script/lib/common.sh"), *stubs(), *scripts]
        self.step(tools / "shellcheck", "--external-sources", "--source-path=SCRIPTDIR", *shell, title="shellcheck")

    # -- set-up in the background, while cargo compiles

    def prepare(self, *command):
        log = self.scratch / f"prepare-{len(self.background)}.log"
        with log.open("w") as file:
            child = subprocess.Popen(
                command,
                cwd=cache.ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.background.append((child, log))

    def prepared(self):
        """Waits for the set-up; a STATIC_ASSETS_…=value line of its output goes to the environment of what follows."""
        for child, log in self.background:
            code = child.wait()
            text = log.read_text(errors="replace")
            if code:
                output.header("set-up failed: " + " ".join(map(str, child.args)))
                print(text, flush=True)
                self.fail(f"set-up ended with {code}")
                raise Stop
            self.env.update(re.findall(r"^(STATIC_ASSETS_\w+)=(.*)$", text, re.MULTILINE))

    def venvs(self):
        return sorted(Path(self.env["STATIC_ASSETS_TEST_VENVS"]).iterdir())

    # -- counts

    def start(self, command, **options):
        return Running(command, cwd=cache.ROOT, env=self.env, stdin=subprocess.DEVNULL, **options)

    def fail(self, text):
        self.failed += 1
        print(f"failed: {text}", flush=True)

    def skip(self, name, reason):
        with self.ledger.open("a") as file:
            file.write(f"{name}\t{reason}\n")

    def skips(self):
        lines = self.ledger.read_text().splitlines()
        return list(dict.fromkeys((name, reason) for name, _, reason in (line.partition("\t") for line in lines)))

    def finish(self, skips_must_be_listed):
        skips = self.skips()
        output.header("result")
        for name, reason in skips:
            print(f"skipped: {name} because {reason}")
        if skips_must_be_listed:
            allowed = [line for line in ALLOWED_SKIPS.read_text().splitlines() if line and not line.startswith("#")]
            for name in dict.fromkeys(name for name, _ in skips):
                if not any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed):
                    self.fail(f"CI may not skip {name}: it is not in {ALLOWED_SKIPS.relative_to(cache.ROOT)}")
        print(f"{self.passed} passed, {self.failed} failed, {len(skips)} skipped", flush=True)
        return 1 if self.failed else 0


def stubs():
    """What the classic buildpack is run by."""
    return sorted(Path("bin").iterdir())


class Running(subprocess.Popen):
    """A command in a group of its own, which ends with the `with` block, whatever ends it."""

    def __init__(self, command, **options):
        super().__init__([str(arg) for arg in command], start_new_session=True, **options)

    def __exit__(self, *exception):
        process.stop(self, patience=20)
        super().__exit__(*exception)


def full(suite):
    suite.prepare(sys.executable, "-B", cache.LIB / "elixir.py")
    suite.prepare(sys.executable, "-B", cache.LIB / "browser.py")
    suite.prepare("script/environments")
    suite.prepare("script/services", "--install")
    suite.prepare("script/docker", "--install")
    suite.step("cargo", "fmt", "--check")
    suite.step("cargo", "clippy", "--all-targets", "--locked", "--", "--deny", "warnings")
    if not suite.step("cargo", "build", "--locked"):
        raise Stop
    suite.lint_scripts()
    suite.prepared()
    suite.unittests(suite.venvs())
    suite.cargo_test(around=["script/services", "--", "script/docker", "--"])


def quick(suite):
    suite.prepare("script/environments", "django52")
    suite.prepare("script/services", "--install")
    suite.step("cargo", "fmt", "--check")
    suite.step("cargo", "clippy", "--all-targets", "--locked", "--", "--deny", "warnings")
    suite.cargo_test("--bins")
    suite.prepared()
    suite.cargo_test("--test", "main", "--", *QUICK, around=["script/services", "--"])


def area(suite, names):
    suite.prepare("script/environments")
    suite.prepare("script/services", "--build" if "conformance" in names else "--install")
    if any("browser" in name for name in names):
        suite.prepare(sys.executable, "-B", cache.LIB / "browser.py")
    if not suite.step("cargo", "build", "--locked"):
        raise Stop
    suite.prepared()
    if not suite.cargo_test("--test", "main", "--", *names, around=["script/services", "--"]):
        suite.fail(f"no integration test is named like {' or '.join(names)}")


def main(args):
    if any(arg.startswith("-") for arg in args[:1]):
        print(__doc__)
        return 0 if args[0] in ("-h", "--help") else 2
    os.chdir(cache.ROOT)
    scratch = Path(tempfile.mkdtemp(prefix="static-assets-test-"))
    suite = Suite(scratch)
    try:
        if not args:
            full(suite)
        elif args == ["quick"]:
            quick(suite)
        else:
            area(suite, args)
    except Stop:
        print("the steps after it were not run", flush=True)
    except BaseException as reason:
        suite.fail(f"not finished: {type(reason).__name__}")
        raise
    finally:
        for child, _ in suite.background:
            process.stop(child)
        code = suite.finish(skips_must_be_listed=not args and os.environ.get("CI") == "true")
        shutil.rmtree(scratch, ignore_errors=True)
    return code


if __name__ == "__main__":
    process.exit_on_signals()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
