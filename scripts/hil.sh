#!/usr/bin/env bash
# Runs the tests on the parts of this Raspberry Pi: every promise of its drivers, and one visit.
# They use what is installed: the packages doorstep and doorstep-server.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTHON=/usr/lib/doorstep/venv/bin/python TOOLS=.setup/hil
fail() { printf '%s\n' "$*" >&2; exit 2; }

model=
[ ! -r /proc/device-tree/model ] || model=$(tr -d '\0' </proc/device-tree/model)
case $model in
*"Raspberry Pi"*) printf 'This is a %s.\n' "$model" ;;
*) fail "This is no Raspberry Pi, so there are no parts to test. Without one: make virtual-pi" ;;
esac
[ "$(id -u)" = 0 ] || fail "The tests stop and start the doorbell's services. Run: sudo make hil"
[ -x "$PYTHON" ] || fail "Doorstep is not installed here. Install its packages as docs/install.md says."

# The tests' own tools, beside the packages, which bring none along.
if [ ! -d "$TOOLS/pytest" ]; then
	python3 -m pip install --quiet --no-deps --require-hashes --target "$TOOLS" -r requirements/hil.txt ||
		fail "pip could not install the tests' tools."
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only the tests: Doorstep itself is what is installed, not what lies here.
cp -r tests scripts pyproject.toml "$work/"
export DOORSTEP_HIL=1 PYTHONPATH=$PWD/$TOOLS PYTHONDONTWRITEBYTECODE=1 LG_WD=/tmp
cd "$work"
"$PYTHON" -m pytest tests/hil -q -p no:cacheprovider --rootdir="$work" "$@"
