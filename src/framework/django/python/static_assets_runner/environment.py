"""Which environment variables the app asks for."""

import os
import uuid

URL_VARIABLES = (
    "STATIC_URL",
    "STATIC_ASSETS_VERSION",
    "RELEASE_VERSION",
    "DJANGO_STATIC_URL",
    "STATIC_HOST",
    "DJANGO_STATIC_HOST",
)
SECRET_KEYS = ("SECRET_KEY", "DJANGO_SECRET_KEY")


class Environment(os._Environ):
    """os.environ that notes which variables are asked for by name.

    A copy of the whole environment asks for all of them, one after the other in the order of iteration.
    """

    # Instances are made by changing the class of os.environ, because modules hold references to it.
    asked = set()
    missed = set()
    quiet = False
    upcoming = ()
    # What settings take if STATIC_URL is not set.
    default_url = None

    @classmethod
    def observe(cls):
        os.environ.__class__ = cls

    def __iter__(self):
        names = list(super().__iter__())
        type(self).upcoming = names[::-1]
        return iter(names)

    def get(self, key, default=None):
        cls = type(self)
        if key == "STATIC_URL" and default and cls.default_url is None:
            cls.default_url = str(default)
        return super().get(key, default)

    def __getitem__(self, name):
        cls = type(self)
        if cls.upcoming and cls.upcoming[-1] == name:
            cls.upcoming.pop()
        elif not cls.quiet:
            cls.upcoming = ()
            cls.asked.add(name)
        try:
            return super().__getitem__(name)
        except KeyError as error:
            cls.missed.add(name)
            error.static_assets_variable = name
            raise


def set_dummy_secrets():
    """Sets each missing secret key to a value for this process only. Returns these values by name."""
    dummies = {name: random_secret() for name in SECRET_KEYS if name not in os.environ}
    os.environ.update(dummies)
    return dummies


def random_secret():
    return "dummy-while-collecting-" + uuid.uuid4().hex * 2
