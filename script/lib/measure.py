"""What a command costs: time, CPU of all that it starts, and the memory of its own process."""

import contextlib
import os
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float
    rss: int
    code: int
    stdout: str


def cost(command, *, env, cwd=None, watch=None):
    """`watch(pid)` is called about a hundred times a second while it runs."""
    # What an earlier run left to be written must not be written on this one's time.
    os.sync()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        ended, usage = threading.Event(), []

        def wait():
            _, status, used = os.wait4(child.pid, 0)
            usage.append((time.perf_counter() - start, status, used))
            ended.set()

        threading.Thread(target=wait, daemon=True).start()
        peak = 0
        try:
            while not ended.wait(0.01):
                peak = max(peak, high_water(child.pid))
                if watch:
                    watch(child.pid)
        except BaseException:
            child.kill()
            raise
        wall, status, used = usage[0]
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    if child.returncode > 0:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}\n{''.join(texts)[-4000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, peak, child.returncode, texts[0])


def high_water(pid):
    """Bytes, 0 when it has ended. What wait4 reports is the largest of it, its children and the fork it came from."""
    with contextlib.suppress(OSError):
        if mark := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
            return int(mark[1]) * 1024
    return 0
