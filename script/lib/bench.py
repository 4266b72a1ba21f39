"""script/bench [django] [--rounds N]                what a build step costs (bench_django.py)
script/bench digest [--rounds N] [--files N]      our digest next to mix phx.digest (bench_digest.py)
script/bench publish [--rounds N] [--files N] [--write]    what publishing costs (bench_publish.py)
script/bench operate [--rounds N]                 what list and prune cost (bench_operate.py)
script/bench compress [--rounds N]                what a first visit loads without a CDN (bench_compress.py)

Each figure is a median with its range. The exit code is 1 when one misses its goal.

STATIC_ASSETS_BIN=<program> measures that one instead of building it. STATIC_ASSETS_BIN_BEFORE=<program> is measured
beside ours in the same rounds of `publish` and `digest`, to compare two builds.
"""

import bench_compress
import bench_digest
import bench_django
import bench_operate
import bench_publish
import process

AREAS = {
    "compress": bench_compress,
    "digest": bench_digest,
    "django": bench_django,
    "operate": bench_operate,
    "publish": bench_publish,
}


def main(args):
    area = AREAS[args.pop(0)] if args and args[0] in AREAS else bench_django
    options = dict(area.OPTIONS)
    while args:
        name = args.pop(0)
        if isinstance(options.get(name), bool):
            options[name] = True
        elif name in options and args and args[0].isdigit() and int(args[0]):
            options[name] = int(args.pop(0))
        else:
            print(__doc__)
            return 0 if name in ("-h", "--help") else 2
    return area.run(*options.values())


if __name__ == "__main__":
    process.run(main)
