"""Folders to publish: files as a web app has them, the same on every machine, kept in the cache folder."""

import random
import shutil

import cache

# What makes the content a different one; the folder in the cache is named after it.
EDITION = 1
KINDS = {"js": 32, "css": 12, "svg": 18, "png": 10, "webp": 10, "woff2": 4, "jpg": 6, "json": 4, "map": 4}
TYPES = {
    "css": "text/css",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "woff2": "font/woff2",
}
TEXT = {"css", "js", "json", "map", "svg"}
SMALLEST, LARGEST = 1024, 50 * 1024
TOPICS = [
    "account",
    "admin",
    "blog",
    "cart",
    "catalog",
    "checkout",
    "editor",
    "forms",
    "maps",
    "search",
    "theme",
    "vendor",
]
PARTS = [
    "base",
    "button",
    "card",
    "chart",
    "dialog",
    "footer",
    "grid",
    "header",
    "hero",
    "icon",
    "index",
    "list",
    "menu",
]
WORDS = "align auto block border color const default display flex function grid let margin padding return var".split()


def tree(count):
    """The folder of `count` files of 1 to 50 KiB, evenly spread over the logarithm: 129 MB for 10,000."""
    path = cache.folder() / "trees" / f"{EDITION}-{count}"
    complete = path.with_name(f"{path.name}.complete")
    with cache.locked(f"tree-{path.name}"):
        if not complete.exists():
            shutil.rmtree(path, ignore_errors=True)
            for name, content in files(count):
                file = path / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            complete.touch()
    return path


def files(count):
    """(name, content) of each file; no two contents are equal, and none refers to another file."""
    chance = random.Random(EDITION)
    text = "".join(f"{chance.choice(WORDS)}-{chance.randrange(1000)};\n" for _ in range(100_000)).encode()
    kinds, weights = list(KINDS), list(KINDS.values())
    for number in range(count):
        kind = chance.choices(kinds, weights)[0]
        folder = f"{chance.choice(TOPICS)}/{chance.choice(PARTS)}/{number // 500:03}"
        name = f"{folder}/{chance.choice(PARTS)}-{number:06}.{kind}"
        size = int(SMALLEST * (LARGEST / SMALLEST) ** chance.random())
        if kind in TEXT:
            start = chance.randrange(len(text) - LARGEST)
            content = f"/* {name} */\n".encode() + text[start : start + LARGEST]
        else:
            content = chance.randbytes(size)
        yield name, content[:size]
