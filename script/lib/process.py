"""Child processes on loopback: free ports, waiting until one answers, stopping by id."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import output

# Loopback only, so a proxy of this machine must never be asked.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_ports(count):
    """Distinct ports: all are held until the last one is found."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def exit_on_signals():
    """SIGTERM and SIGHUP unwind like an exit, so that every `with` stops what it started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def run(main):
    """A script: its arguments in, its exit code out, what went wrong in one line; whatever ends it unwinds."""
    exit_on_signals()
    try:
        sys.exit(main(sys.argv[1:]))
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        output.fail(error)
    except KeyboardInterrupt:
        sys.exit(130)


def _die_with_parent():
    # Only Linux has it; elsewhere a killed script leaves its servers behind.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@contextlib.contextmanager
def running(command, log, patience=10, **options):
    """A server in a session of its own, so that it and its workers stop together, whatever happens."""
    with open(log, "ab") as file:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            **options,
        )
    try:
        yield child
    finally:
        stop(child, patience)


def run_to_the_end(command, env):
    """The exit code of a command that uses servers. Interrupted, it ends before they do."""
    child = subprocess.Popen(command, env=env)
    try:
        code = child.wait()
    except BaseException:
        # It gets the chance to end by itself, then is stopped.
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    return 128 - code if code < 0 else code


def stop(child, patience=10):
    """Ends the group of a child that leads one: asked, then made to after `patience` seconds."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, None)):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(wait)


def get(url, headers=None):
    return request("GET", url, headers)


def request(method, url, headers=None, body=None):
    """(status, headers, body) of the answer; status 0 when nothing answers."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with _OPENER.open(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return 0, {}, b""


def wait_until(answers, child, log, seconds=60):
    """Polls until `answers()` is true. A child that ends first, or too late an answer, is an error with its log."""
    deadline = time.monotonic() + seconds
    while not answers():
        if child.poll() is not None or time.monotonic() > deadline:
            with open(log, errors="replace") as file:
                tail = "".join(file.readlines()[-30:])
            state = f"ended with {child.returncode}" if child.poll() is not None else f"no answer in {seconds} s"
            raise RuntimeError(f"{child.args[0]}: {state}\n{tail}")
        time.sleep(0.05)
