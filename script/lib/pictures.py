"""script/pictures                   writes the pictures of the docs, docs/images/NAME-light.svg and NAME-dark.svg
script/pictures --check           fails if a picture there is not the one that this script makes
script/pictures --record          runs script/demo, writes docs/images/demo.txt, then the pictures
script/pictures --compare FILE    fails with a diff if FILE, the output of script/demo, is not docs/images/demo.txt

FILE may be - for standard input. The picture `demo` shows the text of docs/images/demo.txt: what script/demo printed,
with fixed paths, ports and times. The same sources give the same bytes.
"""

import difflib
import math
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.sax.saxutils import escape

import cache
import output
import process

IMAGES = cache.ROOT / "docs" / "images"
RECORD = IMAGES / "demo.txt"

SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

# Text has a contrast of at least 4.5 on each of the fills, lines and arrows of at least 3.
COLOURS = {
    #             light      dark
    "page": ("#ffffff", "#0d1117"),
    "panel": ("#f6f8fa", "#151b23"),
    "bar": ("#e6eaef", "#21262d"),
    "ink": ("#1f2328", "#f0f6fc"),
    "soft": ("#59636e", "#9da5ae"),
    "line": ("#7b8591", "#6e7681"),
    "old": ("#8a4600", "#f0b357"),
    "old-fill": ("#fff4e0", "#2a1f0e"),
    "new": ("#0550ae", "#79c0ff"),
    "new-fill": ("#e7f3ff", "#0f2136"),
    "good": ("#116329", "#56d364"),
    "bad": ("#a40e26", "#ff938a"),
    "key": ("#6639ba", "#d2a8ff"),
    "key-fill": ("#f6f0ff", "#211a33"),
}
THEMES = ("light", "dark")

# Two versions of the documentation; the terminal shows those of the demo.
OLD, NEW = "rn3s3tka…", "ypew2hdc…"


def main(arguments):
    match arguments:
        case []:
            write()
        case ["--check"]:
            return check()
        case ["--record"]:
            record()
            write()
        case ["--compare", path]:
            return compare(path)
        case _:
            print(__doc__)
            return 0 if arguments in (["-h"], ["--help"]) else 2
    return 0


def write():
    IMAGES.mkdir(parents=True, exist_ok=True)
    for path, content in pictures().items():
        path.write_text(content, encoding="utf-8")
        output.fact(f"{output.size(len(content.encode())):>8}  {path.relative_to(cache.ROOT)}")


def check():
    made = pictures()
    wrong = [path for path, content in made.items() if read(path) != content]
    wrong += set(IMAGES.glob("*.svg")) - set(made)
    for path in sorted(wrong):
        output.note(f"error: {path.relative_to(cache.ROOT)} is not what script/pictures makes")
    return 1 if wrong else 0


def read(path):
    return path.read_text(encoding="utf-8") if path.is_file() else None


def pictures():
    """The content of each file, by path."""
    made = {}
    for name, draw in PICTURES.items():
        for theme in THEMES:
            made[IMAGES / f"{name}-{theme}.svg"] = draw(theme).content()
    return made


# -- the recording


def record():
    demo = subprocess.run([cache.ROOT / "script" / "demo"], check=True, stdout=subprocess.PIPE, text=True).stdout
    IMAGES.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(normalise(demo), encoding="utf-8")
    output.fact(f"{len(demo.splitlines())} lines, {RECORD.relative_to(cache.ROOT)}")


def compare(path):
    recorded = RECORD.read_text(encoding="utf-8")
    given = normalise(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    if given == recorded:
        return 0
    name = str(RECORD.relative_to(cache.ROOT))
    sys.stdout.writelines(difflib.unified_diff(recorded.splitlines(True), given.splitlines(True), name, path))
    output.note("error: script/demo prints another text. script/pictures --record records it.")
    return 1


def normalise(text):
    """The output of script/demo, with fixed values for what differs between two runs or two machines."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r"\ABuilding \(.*\n", "", text)
    text = re.sub(r"file://\S*?/static-assets-demo-[^/\s]+", "file:///tmp/static-assets-demo", text)
    text = re.sub(r"\bPython 3[.\d]+\w*", "Python 3", text)
    text = re.sub(r"\b\d+\.\d s\b", "0.1 s", text)
    ports = dict.fromkeys(re.findall(r"(?<=127\.0\.0\.1:)\d+", text))
    # As many digits as an ephemeral port has, so that columns and sizes stay.
    fixed = {port: str(40001 + number) for number, port in enumerate(ports)}
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda found: fixed[found[0]], text)


# -- drawing


class Picture:
    """An SVG with presentation attributes only: no style sheet, no script, no reference, no id but the title's."""

    def __init__(self, name, theme, width, height, title, description):
        self.name, self.width, self.height = name, width, height
        self.title, self.description = title, " ".join(description.split())
        self.colours = {name: pair[THEMES.index(theme)] for name, pair in COLOURS.items()}
        self.lines = []

    def content(self):
        title, description = f"{self.name}-title", f"{self.name}-description"
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img" aria-labelledby="{title} {description}">',
            f'<title id="{title}">{escape(self.title)}</title>',
            f'<desc id="{description}">{escape(self.description)}</desc>',
            f'<rect width="{self.width}" height="{self.height}" rx="10" fill="{self.colours["page"]}"/>',
        ]
        return "\n".join([*head, *self.lines, "</svg>", ""])

    def add(self, tag, content=None, **attributes):
        given = {name.replace("_", "-"): value for name, value in attributes.items() if value is not None}
        for name in ("fill", "stroke"):
            if name in given:
                given[name] = self.colours.get(given[name], given[name])
        text = "".join(f' {name}="{number(value)}"' for name, value in given.items())
        self.lines.append(f"<{tag}{text}/>" if content is None else f"<{tag}{text}>{content}</{tag}>")

    def box(self, x, y, width, height, fill="panel", line="line", dashed=False, radius=8):
        dash = "6 5" if dashed else None
        size = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
        self.add("rect", **size, fill=fill, stroke=line, stroke_width=1.5, stroke_dasharray=dash)

    def text(self, x, y, text, size=14, ink="ink", bold=False, mono=False, anchor=None):
        """`y` is the base line. The font of the picture is the sans serif one."""
        size = size - 0.5 if mono else size
        font = {"font_family": MONO if mono else SANS, "font_size": size, "font_weight": 600 if bold else None}
        self.add("text", escape(text), x=x, y=y, **font, text_anchor=anchor, fill=ink)

    def label(self, x, y, *texts, **options):
        """Text in the middle of `x`, one line each."""
        for row, text in enumerate(texts):
            self.text(x, y + row * 18, text, **{"size": 13, "anchor": "middle", **options})

    def arrow(self, *points, ink="ink"):
        """A line through `points` with a head at its end."""
        (x1, y1), (x2, y2) = points[-2:]
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        base = (x2 - 9 * dx, y2 - 9 * dy)
        path = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in [*points[:-1], base])
        self.add("path", d=path, fill="none", stroke=ink, stroke_width=2, stroke_linejoin="round")
        head = [(x2, y2), (base[0] - 5 * dy, base[1] + 5 * dx), (base[0] + 5 * dy, base[1] - 5 * dx)]
        self.add("path", d="M" + " L".join(f"{number(x)} {number(y)}" for x, y in head) + " Z", fill=ink)

    def card(self, x, y, width, height, heading, *lines, ink="ink", **options):
        """A box with a heading and lines of text under it; a line that starts with ` is monospace."""
        self.box(x, y, width, height, **options)
        self.text(x + 14, y + 25, heading, size=15, ink=ink, bold=True)
        for row, line in enumerate(lines):
            mono = line.startswith("`")
            self.text(x + 14, y + 47 + 19 * row, line.removeprefix("`"), size=13, mono=mono)

    def boundary(self, x, y, width, height, heading, ink="soft"):
        """A dashed box around parts that trust each other."""
        self.box(x, y, width, height, fill="none", line=ink, dashed=True, radius=10)
        self.text(x + 16, y + 25, heading, size=15, ink=ink, bold=True)


def number(value):
    """At most two digits behind the point, and none that are zero."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


# -- two-versions


def draw_two_versions(theme):
    picture = Picture(
        "two-versions",
        theme,
        width=888,
        height=484,
        title="Two versions of an app alive at once",
        description=f"""
            During a rolling deploy an old and a new instance of the app run. A tab that was opened before the deploy
            has a page of the old instance, and loads its files from /shop/{OLD}/. A new visitor has a page of the new
            instance, and loads its files from /shop/{NEW}/. Both directories are in one bucket behind a CDN, and answer
            200. Without them, the open tab asks the new instance for cart.js of the old build, and the answer is 404.
        """,
    )
    columns = (
        (16, "Your app, rolling deploy", "both answer for a while"),
        (284, "Browsers", "a tab may stay open for days"),
        (620, "Bucket, behind a CDN", "https://static.acme.com"),
    )
    picture.box(604, 16, 268, 306, fill="none", dashed=True, radius=10)
    for x, heading, line in columns:
        picture.text(x, 42, heading, size=15, bold=True)
        picture.text(x, 64, line, size=13, ink="soft", mono="://" in line)
    draw_version(picture, 82, "old", OLD, ("Old instance", "Open tab", "loaded before the deploy"))
    draw_version(picture, 188, "new", NEW, ("New instance", "New visitor", "loads the page now"))
    picture.text(620, 306, "No deploy replaces or deletes them.", size=13, ink="soft")
    draw_without(picture, 344)
    return picture


def draw_version(picture, y, colour, version, texts):
    """An instance, a browser that has its page, and the directory where this page finds its files."""
    instance, browser, when = texts
    middle = y + 46
    picture.box(16, y, 168, 92, fill=f"{colour}-fill", line=colour)
    picture.text(30, y + 27, instance, size=15, ink=colour, bold=True)
    picture.text(30, y + 51, "its pages link to")
    picture.text(30, y + 73, version, ink=colour, mono=True)

    picture.arrow((184, middle), (284, middle), ink=colour)
    picture.label(230, middle - 10, "page")

    window(picture, 284, y, 192, 92, colour)
    picture.text(300, y + 47, browser, size=15, ink=colour, bold=True)
    picture.text(300, y + 68, when, size=13)

    picture.arrow((476, middle), (620, middle), ink=colour)
    picture.label(538, middle - 10, "app.css, app.js")
    picture.label(538, middle + 22, "later: cart.js")

    directory(picture, 620, y, 236, 92, colour)
    picture.text(634, y + 37, f"/shop/{version}/", size=14.5, ink=colour, bold=True, mono=True)
    for x, row, file in ((634, 58, "app.css"), (704, 58, "app.js"), (634, 77, "cart.js")):
        picture.text(x, y + row, file, size=13.5, mono=True)
    picture.text(842, y + 77, "200", size=15, ink="good", bold=True, anchor="end")


def draw_without(picture, y):
    """The inset: what the open tab gets if the files of a build are in the app only."""
    picture.box(16, y, 856, 124, fill="panel", line="line", radius=10)
    picture.text(32, y + 28, "Without", size=15, bold=True)
    picture.text(32, y + 52, "The files are", size=13, ink="soft")
    picture.text(32, y + 70, "in the app only.", size=13, ink="soft")

    window(picture, 160, y + 18, 176, 88, "old")
    picture.text(176, y + 64, "Open tab", size=15, ink="old", bold=True)
    picture.text(176, y + 85, "page of the old build", size=13)

    picture.arrow((336, y + 52), (520, y + 52), ink="ink")
    picture.label(424, y + 42, "GET /static/cart.js", mono=True)
    picture.arrow((520, y + 76), (336, y + 76), ink="bad")
    picture.label(432, y + 98, "404", size=15, ink="bad", bold=True)

    picture.box(520, y + 18, 168, 88, fill="new-fill", line="new")
    picture.text(534, y + 46, "New instance", size=15, ink="new", bold=True)
    picture.text(534, y + 67, "has the files of", size=13)
    picture.text(534, y + 86, "its own build only", size=13)

    picture.text(712, y + 58, "The page breaks,", size=13, ink="bad", bold=True)
    picture.text(712, y + 78, "and a CDN may", size=13)
    picture.text(712, y + 96, "keep the 404.", size=13)


def window(picture, x, y, width, height, colour):
    """A browser window: three buttons and an address bar."""
    picture.box(x, y, width, height, fill=f"{colour}-fill", line=colour)
    for button in range(3):
        picture.add("circle", cx=x + 14 + 12 * button, cy=y + 13, r=3.5, fill=colour)
    picture.add("rect", x=x + 54, y=y + 7, width=width - 66, height=12, rx=6, fill="page", stroke=colour)
    picture.add("path", d=f"M{x} {y + 26} H{x + width}", stroke=colour, stroke_width=1.5)


def directory(picture, x, y, width, height, colour):
    """A box with the tab of a directory."""
    left, right, tab = x + 8, x + width - 8, x + 84
    shape = f"M{x} {y + 8} q0 -8 8 -8 H{tab} l10 12 H{right} q8 0 8 8 V{y + height - 8} q0 8 -8 8 H{left} q-8 0 -8 -8 Z"
    picture.add("path", d=shape, fill=f"{colour}-fill", stroke=colour, stroke_width=1.5, stroke_linejoin="round")


# -- data-flow


def draw_data_flow(theme):
    picture = Picture(
        "data-flow",
        theme,
        width=900,
        height=640,
        title="Data flow and trust boundaries",
        description="""
            On the build machine the app's code compiles and gives the collected files to the program, which has the
            settings and the key. The app's code can read the key there. By https, signed by the key, the program sends
            the files and JSON to the store, and reads JSON and listings. Without a key it asks the public URL for up to
            4 files. The image gets the version, the URL, a hook or a block, a copy of the files, and no key. The
            running app finds STATIC_URL, needs no key and asks the store nothing. Browsers load pages from the app and
            files from the CDN. Dashed trust boundaries surround build machine, store, CDN, image, app and browsers.
        """,
    )
    draw_build_machine(picture)
    draw_outside(picture)
    draw_exchange(picture)
    draw_running(picture)
    draw_legend(picture, 560, 16)
    return picture


def draw_build_machine(picture):
    picture.boundary(16, 16, 332, 352, "Build machine")
    settings = ("environment,", "service binding", "or file")
    picture.card(32, 56, 136, 112, "Key, settings", *settings, ink="key", fill="key-fill", line="key")
    picture.card(184, 56, 148, 112, "App's code", "manage.py, mix,", "npm: compile")
    picture.text(198, 153, "can read the key", size=13, ink="bad")
    picture.arrow((102, 168), (102, 216), ink="key")
    picture.arrow((262, 168), (262, 216))
    picture.text(254, 196, "collected files", size=13, anchor="end")
    program = (
        "gives its child processes no key",
        "stops at files that look like secrets",
        "names the version, uploads, checks",
        "pins the version in the image",
    )
    picture.card(32, 216, 300, 136, "static-assets", *program)


def draw_outside(picture):
    picture.boundary(560, 112, 324, 214, "Store: your bucket")
    picture.text(576, 160, "acme-static.s3.eu-west-1.amazonaws.com", size=13, ink="soft", mono=True)
    picture.box(576, 174, 292, 52)
    picture.text(590, 196, "/shop/<version>/…", size=13.5, mono=True)
    picture.text(590, 215, "the files", size=13)
    picture.box(576, 236, 292, 74)
    picture.text(590, 258, "/shop/.static-assets/…", size=13.5, mono=True)
    for row, line in enumerate(("JSON: version, hashes, sizes,", "group, commit, program, time")):
        picture.text(590, 278 + 19 * row, line, size=13)
    picture.boundary(560, 370, 324, 84, "CDN: the public URL")
    picture.text(576, 418, "static.acme.com", size=13, ink="soft", mono=True)
    picture.text(576, 438, "or the store itself, if it is public", size=13)


def draw_exchange(picture):
    """What the program sends and asks."""
    picture.arrow((332, 236), (560, 236), ink="key")
    picture.label(454, 226, "files with SHA-256; JSON")
    picture.label(454, 255, "https, signed by the key", ink="key", bold=True)
    picture.arrow((560, 284), (332, 284), ink="key")
    picture.label(454, 302, "JSON, listings")
    picture.arrow((332, 332), (396, 332), (396, 412), (560, 412))
    picture.label(480, 402, "public check")
    picture.label(480, 431, "GET of up to 4 files,", "no key")
    picture.arrow((722, 326), (722, 370))
    picture.text(734, 353, "files", size=13)


def draw_running(picture):
    contents = ("version, URL, digest, commit, store", "hook or runtime.exs block, if needed", "fallback: a full copy")
    places = (
        (16, 332, "Image", *contents),
        (416, 188, "Running app", "finds STATIC_URL", "asks the store nothing"),
        (704, 180, "Browsers", "pages from the app,", "files from the CDN"),
    )
    for x, width, heading, *lines in places:
        picture.boundary(x, 498, width, 126, heading)
        for row, line in enumerate(lines):
            picture.text(x + 16, 546 + 20 * row, line, size=13)
    picture.text(32, 610, "no key", size=13, ink="good", bold=True)
    picture.text(432, 610, "needs no key", size=13, ink="good", bold=True)
    picture.arrow((174, 352), (174, 498))
    picture.text(186, 440, "pin, copy of the files", size=13)
    picture.arrow((348, 560), (416, 560))
    picture.label(380, 550, "starts")
    picture.arrow((604, 560), (704, 560))
    picture.label(652, 550, "pages")
    picture.arrow((794, 454), (794, 498))
    picture.text(806, 481, "files", size=13)


def draw_legend(picture, x, y):
    picture.box(x, y, 324, 76, fill="panel", line="bar")
    picture.box(x + 16, y + 14, 44, 18, fill="none", line="soft", dashed=True, radius=5)
    picture.text(x + 72, y + 28, "trust boundary", size=13)
    picture.arrow((x + 16, y + 54), (x + 60, y + 54), ink="key")
    picture.text(x + 72, y + 59, "with the key", size=13)
    picture.arrow((x + 180, y + 54), (x + 224, y + 54))
    picture.text(x + 236, y + 59, "no key", size=13)


# -- release-phase


def draw_release_phase(theme):
    picture = Picture(
        "release-phase",
        theme,
        width=900,
        height=366,
        title="A build without a key, and a release phase with one",
        description="""
            Step 1: the build has no key. It compiles the assets, makes the link check, names the version and saves the
            files in the image. Step 2: the release phase runs static-assets publish --prepared with the key. It hashes
            each file again, uploads the files and then the marker to the store, and makes the public check. Step 3: the
            processes start. They have the same image, need no key, and their pages link to the version in the store.
        """,
    )
    draw_stage(
        picture, 16, 190, 1, "Build", "compile, link check,", "safety rules", "name the version", "save the files"
    )
    picture.text(34, 192, "no key", ink="good", bold=True)
    picture.card(254, 40, 166, 132, "Image", "the app", "the version, its URL", "the files, saved", "the program")
    release = ("`static-assets publish", "`--prepared", "hash each file again", "upload, public check")
    draw_stage(picture, 468, 196, 2, "Release phase", *release, ink="key")
    picture.text(486, 192, "has the key", ink="key", bold=True)
    draw_stage(picture, 712, 172, 3, "Processes", "web, workers: they", "start after step 2,", "with the same image")
    picture.text(730, 192, "need no key", ink="good", bold=True)

    picture.arrow((206, 106), (254, 106))
    picture.arrow((420, 106), (468, 106))
    picture.arrow((664, 106), (712, 106))

    picture.box(468, 270, 416, 80, fill="new-fill", line="new")
    picture.text(484, 297, "Store", size=15, ink="new", bold=True)
    picture.text(484, 320, f"/shop/{NEW}/", size=13.5, mono=True)
    picture.text(484, 339, "/shop/.static-assets/…", size=13.5, mono=True)
    picture.text(868, 320, "files", size=13, ink="soft", anchor="end")
    picture.text(868, 339, "marker", size=13, ink="soft", anchor="end")
    picture.arrow((566, 212), (566, 270), ink="key")
    picture.text(554, 237, "files, then the marker;", size=13, anchor="end")
    picture.text(554, 256, "https, signed by the key", size=13, ink="key", anchor="end")
    picture.arrow((798, 212), (798, 270), ink="new")
    picture.text(786, 246, "pages link to it", size=13, anchor="end")

    settings = ("`STATIC_ASSETS_PUBLISH=release", "`STATIC_ASSETS_PUBLIC_URL=https://…")
    picture.card(16, 270, 340, 80, "Settings of the build", *settings)
    picture.arrow((110, 270), (110, 212))
    return picture


def draw_stage(picture, x, width, step, heading, *lines, ink="ink"):
    """A dashed box with its number: the three have different secrets."""
    picture.box(x, 16, width, 196, fill="none", line="key" if ink == "key" else "soft", dashed=True, radius=10)
    picture.add("circle", cx=x + 28, cy=40, r=11, fill=ink)
    picture.text(x + 28, 45, str(step), ink="page", bold=True, anchor="middle")
    picture.text(x + 47, 45, heading, size=15, ink=ink, bold=True)
    for row, line in enumerate(lines):
        picture.text(x + 18, 78 + 22 * row, line.removeprefix("`"), size=13, mono=line.startswith("`"))


# -- demo

# The widest of the fonts, SF Mono, takes 0.62 of its size for a character.
COLUMNS, FONT_SIZE, ROW, BAR = 102, 13.5, 20, 40
VERSION = r"\b[a-z2-7]{20}\b"
# What has a colour of its own in the terminal, besides the two versions in the order of their appearance.
NAMED = {"version 1": "old", "rolled back": "old", "version 2": "new", "200": "good", "all 200": "good"}
WORDS = re.compile(rf"{VERSION}|\b(?:version [12]|rolled back|(?:all )?200)\b")


def draw_demo(theme):
    record = RECORD.read_text(encoding="utf-8").splitlines()
    rows = [row for line in record for row in wrapped(line)]
    rows = ["$ script/demo", *rows]
    picture = Picture(
        "demo",
        theme,
        width=900,
        height=BAR + ROW * len(rows) + 28,
        title="What script/demo prints",
        description=f"""
            A terminal. script/demo builds a Django app, starts it and requests each file of its page. It changes a
            colour, builds and starts the app again beside the first, and rolls back. The summary: {record[-2]}
        """,
    )
    draw_terminal(picture, "script/demo")
    versions = list(dict.fromkeys(re.findall(VERSION, "\n".join(rows))))
    colours = {**dict(zip(versions, ("old", "new"), strict=True)), **NAMED}
    for place, row in enumerate(rows):
        if row.strip():
            draw_row(picture, BAR + 14 + ROW * (place + 0.5), row, colours)
    return picture


def wrapped(line):
    """The rows of a line, as wide as the terminal; what goes on stands under the text of the first row."""
    if len(line) <= COLUMNS:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" -")))
    return textwrap.wrap(line, COLUMNS, subsequent_indent=indent, break_on_hyphens=False)


def draw_terminal(picture, title):
    right, bottom = picture.width - 1, picture.height - 1
    picture.box(1, 1, right - 1, bottom - 1, line="line", radius=10)
    top = f"M1 {BAR} V11 q0 -10 10 -10 H{right - 10} q10 0 10 10 V{BAR} Z"
    picture.add("path", d=top, fill="bar", stroke="line", stroke_width=1.5)
    for button in range(3):
        picture.add("circle", cx=24 + 20 * button, cy=BAR / 2, r=6, fill="line")
    picture.label(picture.width / 2, BAR / 2 + 5, title, ink="soft", bold=True)


def draw_row(picture, y, row, colours):
    """One text element, so that a copied row is the printed one."""
    font = {"font_family": MONO, "font_size": FONT_SIZE, "font_weight": 700 if row.startswith(("== ", "$ ")) else None}
    parts, end = [], 0
    for found in WORDS.finditer(row):
        colour = picture.colours[colours[found[0]]]
        parts += [escape(row[end : found.start()]), f'<tspan fill="{colour}">{found[0]}</tspan>']
        end = found.end()
    spaces = {"xml:space": "preserve"}
    picture.add("text", "".join(parts) + escape(row[end:]), x=24, y=y, **font, **spaces, fill="ink")


PICTURES = {
    "two-versions": draw_two_versions,
    "data-flow": draw_data_flow,
    "release-phase": draw_release_phase,
    "demo": draw_demo,
}


if __name__ == "__main__":
    process.run(main)
