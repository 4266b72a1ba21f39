"""How the scripts speak: one header line per step, indented facts below it, problems on stderr."""

import os
import sys

_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def header(text):
    print(f"\n\033[1m== {text}\033[0m" if _COLOUR else f"\n== {text}", flush=True)


def fact(text=""):
    print(f"   {text}".rstrip(), flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)


def fail(text, code=1):
    note(f"error: {text}")
    sys.exit(code)


def size(count):
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
