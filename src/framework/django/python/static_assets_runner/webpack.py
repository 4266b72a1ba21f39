"""django-webpack-loader: the URLs that its bundles get. With a publicPath, they don't come from the storage."""

import sys

from .link_check import describe


def bundle_urls(bundles):
    """The files of each bundle that a template asks for, with the place."""
    from django.conf import settings

    # With DEBUG, the loader waits for a compiler that runs beside the app.
    if "webpack_loader" not in sys.modules or settings.DEBUG:
        return []
    from webpack_loader.utils import get_files

    found = []
    for (name, config), place in bundles.items():
        try:
            urls, error = [chunk["url"] for chunk in get_files(name, config=config)], None
        except Exception as problem:
            urls, error = [], describe(problem)
        found.append(dict(place, bundle=name, urls=urls, error=error))
    return found
