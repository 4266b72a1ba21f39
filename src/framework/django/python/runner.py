"""Runs the app's own collectstatic into a directory of the build, and reports what it saw: `runner.py REQUEST.json`."""

import gc
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from static_assets_runner import command  # noqa: E402

sys.path.remove(HERE)

status = command.main(sys.argv[1])
# At its end, Python would search all that Django holds for garbage. That takes as long as collecting.
gc.freeze()
sys.exit(status)
