"""Installs the hook at the start of Python. Python 2.7 syntax."""

import sys

try:
    import static_assets_hook
except Exception as error:
    sys.stderr.write("static-assets: %s: %s\n" % (type(error).__name__, error))
else:
    static_assets_hook.install()
    static_assets_hook.chain_sitecustomize(__file__)
