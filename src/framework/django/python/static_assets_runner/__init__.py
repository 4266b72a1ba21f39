"""Runs the app's own collectstatic once and reports what it saw.

The runner reports facts and decides nothing but the storage that collects. It changes only what lies between the app's
settings and Django: manage.py, the settings module and the command are the app's own. The package has this long name
because the app may have modules with short ones.
"""
