"""How the figures of script/bench publish are shown: tables, the machine, docs/performance.md."""

import os
import platform
import re
from pathlib import Path
from statistics import median

import bench_trees
import cache
import output


class Table:
    """Printed as it will stand in the document."""

    def __init__(self, *header):
        self.rows = [header]

    def add(self, *row):
        self.rows.append(tuple(map(str, row)))

    def __str__(self):
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows]
        lines.insert(1, " | ".join("-" * width for width in widths))
        return "\n".join(f"| {line} |" for line in lines)


def figure(values, digits=2):
    """Median and range."""
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def machine():
    """What decides the figures, nothing that names the machine."""
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    kernel = re.match(r"\d+\.\d+", platform.release())[0]
    processor = model[1] if model else platform.machine()
    return f"{processor}, {os.cpu_count()} processors, {memory / 2**20:.0f} GiB of memory, Linux {kernel}"


def ours(program):
    """Which one was measured; paths stay out."""
    if os.environ.get("STATIC_ASSETS_BIN"):
        return f"static-assets: the program that STATIC_ASSETS_BIN names ({output.size(program.stat().st_size)})"
    return f"static-assets: `cargo build --release` ({output.size(program.stat().st_size)})"


def versions(pins):
    seaweedfs = (cache.LIB / "requirements-services.txt").read_text().split()
    return ", ".join([f"Python {platform.python_version()}", *pins, *seaweedfs])


DOCUMENT = """\
# Performance

Written by `{command}`; every figure is of that one run: a median, with its range, of {rounds} rounds.

{count:,} files, {size}, 1 to 50 KiB each, to an S3 server 30 ms away:

{tools}

What the project sets itself as limits, measured in the same run:

{goals}

{facts}

## Method

Server, proxy and tool share one machine, so what a tool takes of the processors, the server waits for. The server is
SeaweedFS, started with an empty folder for each run, with a bucket that holds 64 small objects: it makes room at the
first ones. A proxy on loopback adds 15 ms in each direction of a connection, and 30 ms to the opening of one, as a
handshake without TLS would. It counts the requests.

Each round runs every tool once, beginning with another one each time. A run in which something else took more than
{foreign} of the processors is repeated, while patience lasts; this time {repeated} were, and {disturbed} that count had
company. After every run the objects are listed and compared with the files by name and size; of 50 of them the bytes
and headers are read. The memory is the highest of the process itself, the CPU time is of all that it starts.

The bare loop lists the folder, then reads and puts each file with `object_store`'s own client, and does nothing else:
no hash beyond the request's signature, no check, no marker.

{options}

Content types that differ from the registered ones: {types}.

- {machine}
- {ours}
- {versions}
- the command: `{command}`
"""


def document(bench, command):
    """`bench` has run."""
    folder = bench_trees.tree(bench.count)
    every = [maker(folder, "") for maker in bench.makers]
    types = [f"{name}: {', '.join(wrong)}" for name, wrong in bench.wrong_types.items() if wrong]
    return DOCUMENT.format(
        command=command,
        rounds=bench.rounds,
        count=bench.count,
        size=output.size(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())),
        tools=bench.tools_table(),
        goals=bench.goals,
        facts="\n".join(f"- {fact}" for fact in bench.facts),
        foreign=f"{bench.foreign:.0%}",
        repeated=bench.repeated or "none",
        disturbed=bench.disturbed or "none",
        options="\n".join(f"- {tool.name}: `{tool.options}`" for tool in every if tool.options),
        types="; ".join(types) or "none",
        machine=machine(),
        ours=ours(bench.program),
        versions=versions(bench.pins),
    )
