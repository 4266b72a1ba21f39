"""Attaches the runner to the collectstatic of a user's own command. Written beside the runner as sitecustomize.py."""

import os
import sys

import static_assets_hook

# A command of the app may call collectstatic.
if os.path.basename(sys.argv[0]) in ("manage.py", "django-admin", "-m") or "collectstatic" in sys.argv[1:]:
    from static_assets_runner import command

    command.attach()
static_assets_hook.chain_sitecustomize(__file__)

# The app may have modules with the names of ours.
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]
