"""Archives with the same bytes from the same files, whoever packs them, and when."""

import gzip
import io
import os
import tarfile


class Tar:
    """A tar file in memory. Each directory is added before what it holds."""

    def __init__(self, mtime=0):
        self.mtime = mtime
        self.buffer = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.buffer, mode="w", format=tarfile.GNU_FORMAT)
        self.directories = set()

    def add(self, name, content, mode=0o644):
        self.add_parents(name)
        entry = self.entry(name, mode)
        entry.size = len(content)
        self.tar.addfile(entry, io.BytesIO(content))

    def add_file(self, name, path):
        """A file of this machine. It stays executable if it is."""
        self.add(name, path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)

    def add_link(self, name, target):
        self.add_parents(name)
        entry = self.entry(name, 0o777)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self.tar.addfile(entry)

    def add_parents(self, name):
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            directory = "/".join(parts[:count])
            if directory and directory not in self.directories:
                self.directories.add(directory)
                entry = self.entry(directory, 0o755)
                entry.type = tarfile.DIRTYPE
                self.tar.addfile(entry)

    def entry(self, name, mode):
        entry = tarfile.TarInfo(name)
        entry.mode, entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = mode, self.mtime, 0, 0, "", ""
        return entry

    def content(self):
        self.tar.close()
        return self.buffer.getvalue()


def compressed(content):
    return gzip.compress(content, compresslevel=9, mtime=0)
