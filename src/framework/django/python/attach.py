"""Attaches the runner to the collectstatic of a user's own command. Written as sitecustomize.py beside it."""

import os
import sys

import static_assets_hook

if "collectstatic" in sys.argv[1:]:
    import runner

    runner.attach()
static_assets_hook.chain_sitecustomize(__file__)

# The app may have modules of the same names.
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]
