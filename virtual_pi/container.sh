#!/usr/bin/env bash
# Lane A: boots the virtual Pi as a container on this machine's kernel, and runs the job in it.
#   container.sh BASE LAYER TRANSCRIPT
. "$(dirname "$0")/lib.sh"
. "$HERE/assemble.sh"
readonly BASE=$1 LAYER=$2 TRANSCRIPT=$3
# Boot and job take a minute and a half; a machine that needs this long is stuck.
readonly LIMIT_S=600
need_root
need systemd-nspawn systemd-container
if [ -z "${VIRTUAL_PI_INSIDE:-}" ]; then
	VIRTUAL_PI_INSIDE=yes exec unshare --mount --propagation private "$0" "$@"
fi
RUN=$(mktemp -d "$CACHE/run.XXXX")
readonly RUN
trap 'umount "$RUN/root" 2>/dev/null || true; [ -n "${KEEP:-}" ] || rm -rf "$RUN"' EXIT
assemble "$RUN" "$BASE" "$LAYER"
sound_server "$RUN/root"
drop_in "$RUN/root" doorstep-device container-device.conf
drop_in "$RUN/root" doorstep-lock container-lock.conf
cat >"$RUN/root/opt/virtual-pi/lane.env" <<-'END'
	LANE="Container"
	SHIM=/opt/virtual-pi/shim:/opt/virtual-pi/pins
	export DOORSTEP_SOUND_DEVICE=ear DOORSTEP_SOUND_OUTPUT=mouth
	export DOORSTEP_HIL_RELAY=file:/run/virtual-pins/sim_gpio22/value
	export DOORSTEP_HIL_EXPECT="board camera microphone speaker pins units"
END
status=0
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout --kill-after=10 "$LIMIT_S" systemd-nspawn --quiet --register=no --keep-unit \
	--directory="$RUN/root" --machine=virtual-pi --console=pipe --private-network --link-journal=no --resolv-conf=off --timezone=off \
	--bind="$RUN/share:/mnt/share" /lib/systemd/systemd systemd.show_status=0 </dev/null >"$RUN/console.txt" 2>&1 || status=$?
[ "$status" != 124 ] || fail "The container did not end within $LIMIT_S s."
report "$RUN" "$TRANSCRIPT"
