# shellcheck shell=bash
# Sourced by every script: the one place that knows the cache folder and chooses the Python that runs script/lib/*.py.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export STATIC_ASSETS_CACHE=${STATIC_ASSETS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/static-assets}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# Runs script/lib/$1.py in place of this shell. Every candidate is tried, because a pyenv shim exists without its Python.
python_script() {
	local module=$1 candidate
	shift
	for candidate in python3 python3.{14..10} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
		if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
			exec "$candidate" -B "$root/script/lib/$module.py" "$@"
		fi
	done
	die 'no Python 3.10 or newer was found (tried python3, python3.10 to python3.14 on PATH, and pyenv)'
}
