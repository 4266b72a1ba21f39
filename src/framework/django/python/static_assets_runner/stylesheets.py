"""Stylesheets that refer to `/static/…` lead to the app's own host once they are on another one."""

import posixpath
import re
from urllib.parse import unquote

# In url(…), in the quoted texts of @import and image-set(…), and after the mark of a source map.
REFERENCE = r"""(["'(]\s*|sourceMappingURL=)(%s)([^"'()\s\\?#]+)"""


class Stylesheets:
    """Makes references below the path where the app serves its files relative, before any storage hashes names."""

    def __init__(self, own_path, report):
        # Below `/`, a path may be any route of the app.
        prefix = own_path if own_path != "/" else "/static/"
        self.prefix = prefix.encode()
        self.pattern = re.compile((REFERENCE % re.escape(prefix)).encode())
        self.report = report
        self.names = None

    def rewritten(self, name, content):
        """The content with each reference to a collected file made relative. `None` if that changes nothing."""
        # A storage may also save texts that it made.
        if not isinstance(content, bytes) or self.prefix not in content:
            return None
        count = 0

        def relative(found):
            nonlocal count
            target = found.group(3).decode("utf-8", "surrogateescape")
            if not self.is_collected(target):
                return found.group()
            count += 1
            path = posixpath.relpath(target, posixpath.dirname(name))
            return found.group(1) + path.encode("utf-8", "surrogateescape")

        content = self.pattern.sub(relative, content)
        if not count:
            return None
        self.report[name] = count
        return content

    def is_collected(self, target):
        from .finders import source_names

        if self.names is None:
            self.names = source_names()
        return target in self.names or unquote(target) in self.names
