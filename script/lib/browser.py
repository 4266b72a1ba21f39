"""A browser for tests: Debian's Chromium, driven by Playwright from PyPI. Prints how tests find both.

script/lib/browser.py      prints STATIC_ASSETS_TEST_BROWSER=<Python with Playwright> and …_CHROMIUM=<program>
"""

import shutil
import subprocess
import sys

import apt
import cache
import output
import process

NAMES = ["chromium", "chromium-browser", "google-chrome"]


def main(_):
    chromium = find() or (apt.install("chromium") and find())
    if not chromium:
        output.note("skipped: the browser because no Chromium was found")
        return
    try:
        venv = cache.venv(sys.executable, cache.LIB / "requirements-browser.txt")
    except (OSError, subprocess.CalledProcessError):
        output.note("skipped: the browser because Playwright could not be installed")
        return
    print(f"STATIC_ASSETS_TEST_BROWSER={venv / 'bin' / 'python'}")
    print(f"STATIC_ASSETS_TEST_CHROMIUM={chromium}")


def find():
    return next(filter(None, map(shutil.which, NAMES)), None)


if __name__ == "__main__":
    process.run(main)
