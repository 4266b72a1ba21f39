"""The Content-Security-Policy that a middleware of the app sends, from its settings."""

DJANGO = "django.middleware.csp.ContentSecurityPolicyMiddleware"
DJANGO_CSP = "csp.middleware.CSPMiddleware"
DIRECTIVES = ("default", "script", "script-src-elem", "style", "style-src-elem", "img", "font", "connect")


def content_policy(settings):
    """The setting and its directives. `None` if the app sends no policy of its own settings."""
    middleware = settings.MIDDLEWARE or ()
    if DJANGO in middleware:
        return describe("SECURE_CSP", getattr(settings, "SECURE_CSP", None))
    if DJANGO_CSP not in middleware:
        return None
    if hasattr(settings, "CONTENT_SECURITY_POLICY"):
        return describe("CONTENT_SECURITY_POLICY", (settings.CONTENT_SECURITY_POLICY or {}).get("DIRECTIVES"))
    if not reads_single_settings():
        return None
    names = [name if "-" in name else name + "-src" for name in DIRECTIVES]
    values = {name: getattr(settings, "CSP_" + name.upper().replace("-", "_"), None) for name in names}
    values["default-src"] = values["default-src"] or ["'self'"]
    return describe("django-csp (the CSP_ settings)", values)


def reads_single_settings():
    """Whether django-csp reads CSP_DEFAULT_SRC and the like. Version 4 ignores them, and then sends no policy."""
    try:
        from importlib.metadata import version

        return int(version("django-csp").partition(".")[0]) < 4
    except Exception:
        # No version is known, or this is Python 3.7, for which there is no version 4.
        return True


def describe(setting, directives):
    found = {}
    for name, value in (directives or {}).items():
        if value is not None and value is not False:
            values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
            found[str(name)] = [source_of(source) for value in values for source in str(value).split()]
    return {"setting": setting, "directives": found} if found else None


def source_of(source):
    # Stands for the nonce of a request.
    return "'nonce-…'" if "NONCE" in source else source
