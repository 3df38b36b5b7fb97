#!/usr/bin/env bash
# The full lane: boots the virtual Pi on a Linux kernel of its own, which runs as a program of this
# machine, with real GPIO lines, a sound card and networks that can be spoilt.
#   full.sh BASE LAYER TRANSCRIPT KERNEL
. "$(dirname "$0")/lib.sh"
. "$HERE/assemble.sh"
readonly BASE=$1 LAYER=$2 TRANSCRIPT=$3 KERNEL=$4
# Boot and job take some minutes; a machine that needs this long is stuck.
readonly LIMIT_S=1500 MEMORY=1500M
need_root
if [ -z "${VIRTUAL_PI_INSIDE:-}" ]; then
	VIRTUAL_PI_INSIDE=yes exec unshare --mount --propagation private "$0" "$@"
fi
RUN=$(mktemp -d "$CACHE/run.XXXX")
readonly RUN
trap 'umount -R "$RUN/root" 2>/dev/null || true; [ -n "${KEEP:-}" ] || rm -rf "$RUN"' EXIT
assemble "$RUN" "$BASE" "$LAYER"
install -m 0644 "$HERE/units/loopback.conf" "$RUN/root/etc/asound.conf"
install -m 0755 "$KERNEL" "$RUN/root/opt/virtual-pi/linux"
drop_in "$RUN/root" doorstep-device full-device.conf
drop_in "$RUN/root" doorstep-cloud full-cloud.conf
cat >"$RUN/root/opt/virtual-pi/lane.env" <<-'END'
	LANE="Kernel of its own"
	SHIM=/opt/virtual-pi/shim
	export DOORSTEP_CAMERA_WIDTH=640 DOORSTEP_CAMERA_HEIGHT=360 DOORSTEP_CAMERA_FPS=15
	export DOORSTEP_HIL_EXPECT="board camera microphone speaker pins units lines netem"
END
mount --rbind /dev "$RUN/root/dev"
mount -t proc proc "$RUN/root/proc"
mount --bind "$RUN/share" "$RUN/root/mnt/share"
status=0
# Without io_uring, which uvloop takes where it is: in user mode this kernel falls over its pages.
# Its memory is a file in TMPDIR, which has to be memory as well; it makes a folder in HOME.
timeout --kill-after=10 "$LIMIT_S" chroot "$RUN/root" env -i HOME=/dev/shm TMPDIR=/dev/shm PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/opt/virtual-pi/linux mem="$MEMORY" root=/dev/root rootfstype=hostfs rootflags=/ rw con=null con0=null,fd:1 ssl=null \
	init=/lib/systemd/systemd systemd.show_status=0 sysctl.kernel.io_uring_disabled=2 quiet </dev/null >"$RUN/console.txt" 2>&1 || status=$?
[ "$status" != 124 ] || fail "The full lane did not end within $LIMIT_S s."
report "$RUN" "$TRANSCRIPT"
