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

# Names the form of the signatures, whatever the server's own version.
SIGNED_VERSION = "2022-11-02"


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
        raise Missing(f"npm could not install azurite@{VERSION}") from error
    return folder / "node_modules" / ".bin" / "azurite-blob"


def server(azurite, folder):
    """(command, options of Popen, URL of the account)."""
    (port,) = process.free_ports(1)
    command = [azurite, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    command += ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    options = {"cwd": folder, "env": {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}}
    return command, options, f"http://127.0.0.1:{port}/{ACCOUNT}"


def account_signature():
    """A query that gives every right on containers, blobs and their service for a day:
    https://learn.microsoft.com/rest/api/storageservices/create-account-sas
    """
    fields = {"sv": SIGNED_VERSION, "ss": "b", "srt": "sco", "sp": "rwdlac", "se": tomorrow(), "spr": "https,http"}
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses"]
    return signed(fields, [ACCOUNT, *(fields.get(name, "") for name in names), ""])


def container_signature(rights):
    """A query that gives rights on the blobs of the container alone, as a publisher gets them:
    https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    """
    fields = {"sv": SIGNED_VERSION, "sr": "c", "sp": rights, "se": tomorrow(), "spr": "https,http"}
    resource = {"resource": f"/blob/{ACCOUNT}/{CONTAINER}"}
    names = ["sp", "st", "se", "resource", "si", "sip", "spr", "sv", "sr", "snapshot", "ses"]
    names += ["rscc", "rscd", "rsce", "rscl", "rsct"]
    return signed(fields, [{**fields, **resource}.get(name, "") for name in names])


def signed(fields, lines):
    digest = hmac.new(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
    return urllib.parse.urlencode({**fields, "sig": base64.b64encode(digest).decode()})


def tomorrow():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def environment(account):
    """What tests find, once the container of all of them is made."""
    url = f"{account}/{CONTAINER}?restype=container&{account_signature()}"
    status, _, body = process.request("PUT", url, {"x-ms-blob-public-access": "blob"})
    if status != 201:
        raise RuntimeError(f"Azurite answered {status} to the container's creation\n{body.decode(errors='replace')}")
    return {
        "STATIC_ASSETS_TEST_AZURE_ENDPOINT": account,
        "STATIC_ASSETS_TEST_AZURE_ACCOUNT": ACCOUNT,
        "STATIC_ASSETS_TEST_AZURE_KEY": KEY,
        "STATIC_ASSETS_TEST_AZURE_SAS": container_signature("rcwdl"),
        "STATIC_ASSETS_TEST_AZURE_LEAST_SAS": container_signature("rc"),
        "STATIC_ASSETS_TEST_AZURE_CONTAINER": CONTAINER,
    }
