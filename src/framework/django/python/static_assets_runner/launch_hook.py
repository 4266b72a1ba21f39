"""What the hook changes when the app runs, written into the hook's file."""

import os
import py_compile


class LaunchHook:
    def __init__(self, request):
        self.request = request
        self.baked = {}

    def bake(self, storage, moved, settings):
        self.baked = dict(storage.baked() if storage else {})
        if moved:
            self.baked["folders"] = moved
        if settings:
            self.baked["settings"] = settings

    def describe(self):
        return {
            "hook_storage": self.baked.get("storage"),
            "hook_static_root": "folders" in self.baked,
        }

    def write(self):
        """Writes the hook for the launch and compiles it, which every start of Python would do otherwise.

        Python checks the byte code against no time, because the lifecycle resets those.
        """
        directory = self.request["hook_dir"]
        path = os.path.join(directory, "static_assets_hook.py")
        with open(path) as file:
            source = file.read()
        with open(path, "w") as file:
            source = source.replace("BAKED = {}", "BAKED = " + repr(self.baked), 1)
            file.write(source.replace("PIN = None", "PIN = " + repr(self.request["pin"]), 1))
        for name in ("sitecustomize.py", "static_assets_hook.py"):
            py_compile.compile(
                os.path.join(directory, name),
                # Python replaces it by the real path when it loads the byte code.
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
