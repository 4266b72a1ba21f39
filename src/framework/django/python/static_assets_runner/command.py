"""The two ways to run: as a program in place of manage.py, and inside a process that a user's command started."""

import atexit
import json
import os
import runpy
import sys

from .run import Run, SettingsLoaded

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(path):
    """Runs collectstatic as manage.py does. Returns the exit status."""
    run = Run(load_request(path))
    run.install()
    try:
        run_app(run.request["manage"])
        if not run.report["collected"]:
            raise RuntimeError("%s did not run collectstatic" % (run.request["manage"] or "python -m django"))
        return 0
    except SettingsLoaded:
        return 0
    except SystemExit as error:
        if error.code in (None, 0) and run.report["collected"]:
            return 0
        run.fail(error)
        if isinstance(error.code, str):
            sys.stderr.write(error.code + "\n")
        return 1
    except BaseException as error:
        run.fail(error)
        error.__traceback__ = without_us(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    finally:
        run.write()


def attach():
    """Does the same in a process of a user's command that runs collectstatic, by itself or within another command."""
    run = Run(load_request(os.environ["STATIC_ASSETS_RUNNER_REQUEST"]))
    run.install()
    excepthook = sys.excepthook

    def fail(kind, error, traceback):
        run.fail(error)
        excepthook(kind, error, traceback)

    sys.excepthook = fail
    atexit.register(run.end)


def load_request(path):
    with open(path) as file:
        return json.load(file)


def run_app(manage):
    starts_with_ours = sys.path and os.path.abspath(sys.path[0]) == OURS
    directory = os.getcwd() if manage is None else os.path.dirname(os.path.realpath(manage))
    sys.path[: 1 if starts_with_ours else 0] = [directory]
    sys.argv = [manage or "django", "collectstatic", "--noinput"]
    if manage is None:
        runpy.run_module("django", run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(manage, run_name="__main__")


def without_us(traceback):
    """The traceback that the app's own command would have printed."""
    if traceback is None:
        return None
    rest = without_us(traceback.tb_next)
    path = traceback.tb_frame.f_code.co_filename
    if path.startswith(os.path.join(OURS, "")) or "runpy" in os.path.basename(path):
        return rest
    traceback.tb_next = rest
    return traceback
