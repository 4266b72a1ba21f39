"""Where the bench publishes to: an empty S3 server for each run, behind a way that is 30 ms long."""

import contextlib
import http.client
import json
import os
import random
import subprocess
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree
from pathlib import Path
from statistics import median

import cache
import process
import services

BUCKET = "bench"
# The checks read and list without a key; what is measured signs its requests.
IDENTITIES = {
    "identities": [
        *(one for one in services.IDENTITIES["identities"] if one["name"] != "anonymous"),
        {"name": "anonymous", "actions": ["Admin"]},
    ]
}
XMLNS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def programs(*names):
    """The paths of these programs of benches/, built as a release."""
    wanted = [arg for name in names for arg in ("--bench", name)]
    command = ["cargo", "build", "--locked", "--release", *wanted, "--message-format=json-render-diagnostics"]
    out = subprocess.run(command, cwd=cache.ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    artifacts = [message for message in map(json.loads, out.splitlines()) if message.get("executable")]
    found = {
        message["target"]["name"]: Path(message["executable"])
        for message in artifacts
        if "bench" in message["target"]["kind"]
    }
    return [found[name] for name in names]


class Proxy:
    """A way to the server, and the count of what took it."""

    def __init__(self, program, endpoint, microseconds):
        upstream = urllib.parse.urlsplit(endpoint).netloc
        self.child = subprocess.Popen(
            [program, upstream, str(microseconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.endpoint = f"http://127.0.0.1:{int(self.child.stdout.readline())}"
        self.cpu = 0

    def counts(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def close(self):
        self.child.stdin.close()
        _, status, used = os.wait4(self.child.pid, 0)
        self.child.returncode = os.waitstatus_to_exitcode(status)
        self.child.stdout.close()
        self.cpu = used.ru_utime + used.ru_stime


class Server:
    def __init__(self, proxy_program, endpoint, pid):
        self.proxy_program, self.endpoint, self.pid = proxy_program, endpoint, pid

    @contextlib.contextmanager
    def proxy(self, microseconds):
        proxy = Proxy(self.proxy_program, self.endpoint, microseconds)
        try:
            yield proxy
        finally:
            proxy.close()

    def request(self, method, path, body=None):
        """(headers, body) of an answer that is 200, on the direct way."""
        status, headers, content = process.request(method, self.endpoint + path, body=body)
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status}\n{content.decode(errors='replace')[:1000]}")
        return headers, content

    def prepare(self):
        """The server makes room in a bucket at its first objects, which takes a second."""
        self.request("PUT", f"/{BUCKET}")
        for number in range(64):
            self.request("PUT", f"/{BUCKET}/warm-up/{number}", b"x" * 10_000)

    def list(self, prefix):
        """Name without `prefix` → size."""
        found, token = {}, None
        while True:
            query = {"list-type": "2", "prefix": prefix, **({"continuation-token": token} if token else {})}
            page = xml.etree.ElementTree.fromstring(
                self.request("GET", f"/{BUCKET}?{urllib.parse.urlencode(query)}")[1]
            )
            for entry in page.iter(f"{XMLNS}Contents"):
                found[entry.findtext(f"{XMLNS}Key").removeprefix(prefix)] = int(entry.findtext(f"{XMLNS}Size"))
            token = page.findtext(f"{XMLNS}NextContinuationToken")
            if not token:
                return found

    def get(self, key):
        return self.request("GET", f"/{BUCKET}/{urllib.parse.quote(key)}")


@contextlib.contextmanager
def serving(weed, proxy_program):
    """An S3 server that holds nothing but the bucket."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="static-assets-bench-s3-")))
        log = folder / "weed.log"
        command, options, endpoint, sockets = services.seaweedfs(weed, folder, IDENTITIES)
        stack.callback(lambda: [path.unlink(missing_ok=True) for path in sockets])
        child = stack.enter_context(process.running(command, log, patience=0, **options))
        process.wait_until(lambda: process.get(f"{endpoint}/ready/ready")[0] == 404, child, log)
        server = Server(proxy_program, endpoint, child.pid)
        server.prepare()
        yield server


def check(server, prefix, folder, types, sample=50):
    """The content types that differ from `types`, as texts. Anything else that is not as it should be is an error."""
    expected = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    found = server.list(prefix)
    if found != expected:
        missing, more = expected.keys() - found.keys(), found.keys() - expected.keys()
        other = sum(found[name] != size for name, size in expected.items() if name in found)
        raise RuntimeError(
            f"{prefix}: {len(missing)} of {len(expected)} files are missing, {len(more)} objects are none of them, "
            f"{other} are of another size"
        )
    wrong = set()
    for name in random.Random(prefix).sample(sorted(expected), min(sample, len(expected))):
        headers, body = server.get(prefix + name)
        if body != (folder / name).read_bytes():
            raise RuntimeError(f"{prefix}{name}: not the file's bytes")
        if headers["Cache-Control"] != CACHE_CONTROL:
            raise RuntimeError(f"{prefix}{name}: Cache-Control is {headers['Cache-Control']}")
        kind, given = name.rpartition(".")[2], (headers["Content-Type"] or "none").partition(";")[0]
        if given != types[kind]:
            wrong.add(f".{kind} as {given}")
    return sorted(wrong)


CACHE_CONTROL = "public, max-age=31536000, immutable"


def round_trip(endpoint, count=41):
    """Milliseconds of one small request and its answer, on a connection that is open."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc, timeout=20)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        connection.request("GET", "/ready/ready")
        connection.getresponse().read()
        times.append(1000 * (time.perf_counter() - start))
    connection.close()
    return median(times[1:])
