"""script/bench compress: what a first visit to the login page of Django's admin loads from a store without a CDN, with
text stored gzip-encoded and as it is; and what compressing costs the publish of all files of the admin."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import bench_store
import cache
import lifecycle
import output
import process
import services

OPTIONS = {"--rounds": 3}
# A third of the bytes.
GOAL = 1 / 3
PAGE = [
    "css/base.css",
    "css/dark_mode.css",
    "css/nav_sidebar.css",
    "css/login.css",
    "css/responsive.css",
    "js/theme.js",
    "js/nav_sidebar.js",
]


def run(rounds):
    program = lifecycle.binary(release=True)
    pin = cache.pin("django", cache.ROOT / "tests" / "python" / "requirements-django52.txt")
    venv = cache.venv(sys.executable, pin)
    (static,) = venv.glob("lib/python3*/site-packages/django/contrib/admin/static")
    # It needs no slow way: bytes are counted, not time.
    with bench_store.serving(services.install_s3(), None) as server, tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(static, Path(name) / "static")
        taken = {form: [] for form in ("off", "gzip")}
        reports = {}
        for number in range(rounds):
            for form, times in taken.items():
                start = time.perf_counter()
                reports[form] = publish(program, server, folder, form, f"{form}-{number}")
                times.append(time.perf_counter() - start)
        loaded = {form: first_visit(report["url"]) for form, report in reports.items()}
    ratio = loaded["gzip"] / loaded["off"]
    ok = ratio <= GOAL
    stored = {form: output.size(report["bytes"]) for form, report in reports.items()}
    output.fact(f"{pin}, login page of the admin: {len(PAGE)} files")
    plain, encoded = (output.size(loaded[form]) for form in ("off", "gzip"))
    output.fact(f"a first visit loads {plain} as it is, {encoded} gzip-encoded")
    output.fact(f"gzip ÷ plain {ratio:.2f}; goal ≤ {GOAL:.2f} {'ok' if ok else 'MISSED'}")
    output.fact(f"all {reports['off']['files']} files: {stored['off']} as they are, {stored['gzip']} gzip-encoded")
    extra = median(gzip - off for off, gzip in zip(taken["off"], taken["gzip"], strict=True))
    output.fact(f"publishing takes {median(taken['off']):.2f} s, and {extra:.2f} s more with gzip (median of {rounds})")
    return 0 if ok else 1


def publish(program, server, folder, form, salt):
    env = {
        **os.environ,
        "STATIC_ASSETS_STORE": f"s3://{bench_store.BUCKET}/{form}",
        "STATIC_ASSETS_PUBLIC_URL": f"{server.endpoint}/{bench_store.BUCKET}/{form}",
        "STATIC_ASSETS_ENDPOINT_URL": server.endpoint,
        "STATIC_ASSETS_ACCESS_KEY_ID": services.KEY_ID,
        "STATIC_ASSETS_SECRET_ACCESS_KEY": services.SECRET,
        "STATIC_ASSETS_COMPRESS": form,
        "STATIC_ASSETS_CHECK": "off",
        "STATIC_ASSETS_SALT": salt,
    }
    command = [program, "publish", "--dir", folder, "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def first_visit(url):
    """The bytes of all bodies, as a browser gets them."""
    total = 0
    for path in PAGE:
        status, _, body = process.get(f"{url}admin/{path}", {"Accept-Encoding": "gzip"})
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        total += len(body)
    return total
