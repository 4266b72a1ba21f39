"""An Azure Blob server on loopback, from npm: how it is installed and started, and what tests need to use it."""

import base64
import datetime
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import urllib.parse

import cache
import process

VERSION = "3.37.0"
NODE = 20

ACCOUNT = "teststaticassets"
KEY = base64.b64encode(b"tEsTk3y-of-an-account-that-only-tests-have-and-that-none-may-see").decode()
# Its blobs are public, its list is not.
CONTAINER = "public"

# The service that the signature is for; a newer one has more fields.
SERVICE_VERSION = "2022-11-02"


class Missing(Exception):
    """This machine can't run it; the text says why."""


def install():
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing(f"no {'npm' if node else 'Node.js'} was found")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    major = re.match(r"v(\d+)\.", version)
    if not major or int(major[1]) < NODE:
        raise Missing(f"it needs Node.js {NODE} or newer, and {node} is {version or 'broken'}")
    try:
        folder = cache.npm(npm, f"azurite@{VERSION}")
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"npm could not install it: {error}") from error
    return folder / "node_modules" / ".bin" / "azurite-blob"


def server(azurite, folder):
    """(command, options of Popen, URL of the account)."""
    (port,) = process.free_ports(1)
    command = [azurite, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    options = {"cwd": folder, "env": {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}}
    return command, options, f"http://127.0.0.1:{port}/{ACCOUNT}"


def shared_access_signature():
    """Every right on blobs and containers for a day, signed as the service demands it of an account's key:
    https://learn.microsoft.com/rest/api/storageservices/create-account-sas
    """
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    fields = {
        "sv": SERVICE_VERSION,
        "ss": "b",
        "srt": "sco",
        "sp": "rwdlac",
        "st": "",
        "se": expiry.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sip": "",
        "spr": "https,http",
        "ses": "",
    }
    order = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses"]
    text = "".join(f"{line}\n" for line in [ACCOUNT, *(fields[name] for name in order)])
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    given = {name: value for name, value in fields.items() if value}
    return urllib.parse.urlencode({**given, "sig": base64.b64encode(digest).decode()})


def environment(account):
    """What tests find, once the container of all of them is made."""
    signature = shared_access_signature()
    url = f"{account}/{CONTAINER}?restype=container&{signature}"
    status, _, body = process.request("PUT", url, {"x-ms-blob-public-access": "blob"})
    if status != 201:
        raise RuntimeError(f"Azurite answered {status} to the container's creation\n{body.decode(errors='replace')}")
    return {
        "STATIC_ASSETS_TEST_AZURE_ENDPOINT": account,
        "STATIC_ASSETS_TEST_AZURE_ACCOUNT": ACCOUNT,
        "STATIC_ASSETS_TEST_AZURE_KEY": KEY,
        "STATIC_ASSETS_TEST_AZURE_SAS": signature,
        "STATIC_ASSETS_TEST_AZURE_CONTAINER": CONTAINER,
    }
