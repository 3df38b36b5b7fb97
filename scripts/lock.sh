#!/usr/bin/env bash
# Makes requirements/*.txt anew from pyproject.toml: every version and hash, for Python 3.11 and later.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .setup/uv/bin/uv ] || { python3 -m venv .setup/uv && .setup/uv/bin/pip install -q uv; }
compile() {
	.setup/uv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --custom-compile-command 'make lock' "$@"
}
compile pyproject.toml --extra device --extra cloud -o requirements/run.txt
compile pyproject.toml --extra device --extra cloud --extra fcm -o requirements/fcm.txt -c requirements/run.txt
compile pyproject.toml requirements/test.in --extra device --extra cloud --extra fcm --extra v4l2 --extra dev \
	-o requirements/test.txt -c requirements/run.txt
# picamera2 needs libcamera to run; the tests only read its sources, so it comes without its needs.
compile --no-deps requirements/picamera2.in -o requirements/picamera2.txt
# What the Debian packages bring: the doorbell's, and what only the server needs beyond. numpy is the
# system's, as picamera2's is; setuptools is named by a library that does not use it.
readonly LEFT_OUT=(--no-emit-package numpy --no-emit-package setuptools)
compile pyproject.toml --extra device "${LEFT_OUT[@]}" -o requirements/pi.txt -c requirements/run.txt
in_pi() { sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package=\1/p' requirements/pi.txt | sort -u; }
mapfile -t already < <(in_pi)
compile pyproject.toml --extra device --extra cloud "${LEFT_OUT[@]}" "${already[@]}" \
	-o requirements/server.txt -c requirements/run.txt
compile requirements/node.in -o requirements/node.txt
compile requirements/fuzz.in -o requirements/fuzz.txt
# On a Pi these come with the system; the virtual Pi has to bring them, and both need tests' tools.
compile --no-deps requirements/virtual-pi.in -o requirements/virtual-pi.txt -c requirements/test.txt
compile --no-deps requirements/hil.in -o requirements/hil.txt -c requirements/test.txt
