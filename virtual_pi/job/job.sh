#!/bin/bash
# Runs in the virtual Pi: looks at what started by itself, then runs the tests on its parts.
set -uo pipefail
. /opt/virtual-pi/lane.env
readonly PYTHON=/usr/lib/doorstep/venv/bin/python
export DOORSTEP_HIL=1 DOORSTEP_HIL_GPIO_SIM=/run/virtual-pins
export PYTHONPATH=$SHIM PYTHONDONTWRITEBYTECODE=1 LG_WD=/tmp LANG=C.UTF-8

title() { printf '\n== %s\n' "$*"; }

started() { # UNIT: how it came up
	local since ready
	since=$(systemctl show "$1" --property=ExecMainStartTimestampMonotonic --value)
	ready=$(systemctl show "$1" --property=ActiveEnterTimestampMonotonic --value)
	printf '%-18s %s, ready %d ms after its start\n' "$1" "$(systemctl is-active "$1")" $(((ready - since) / 1000))
}

title "$LANE: Linux $(uname -r | cut -d- -f1), $(systemctl --version | head -n 1 | cut -d' ' -f1-2)"
dpkg-query -W -f '${Package} ${Version}\n' doorstep doorstep-server 2>/dev/null
for unit in doorstep-cloud doorstep-lock doorstep-device; do started "$unit"; done
title "doorstep check"
doorstep check
title "Tests on the parts"
cd /opt/virtual-pi/tests
"$PYTHON" -m pytest tests/hil -q -p no:cacheprovider -p no:xdist --rootdir=/opt/virtual-pi/tests ${PYTEST_MORE:-}
status=$?
title "What the doorbell logged"
# libcamera says the same at every start.
journalctl --no-pager -q -o cat -u doorstep-device -u doorstep-lock -u doorstep-cloud |
	grep -vE '(Camera|Virtual|DmaBufAllocator) .*\.cpp' | tail -n "${LOG_LINES:-40}"
title "Ready to tests' end: $SECONDS s"
printf '%s' "$status" >/mnt/share/status
