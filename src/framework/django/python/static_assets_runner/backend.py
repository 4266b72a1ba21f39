"""The module of the staticfiles storage while collecting: each name gives a class in place of the app's own.

It is made when somebody asks, because the module of the app's own class may need the settings or the apps.
"""

from . import run


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return run.current.collecting_class()
