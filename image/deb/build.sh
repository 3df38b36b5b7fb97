#!/usr/bin/env bash
# Builds doorstep and doorstep-server for one suite and one architecture into image/out.
#   image/deb/build.sh bookworm|trixie amd64|arm64
# DOORSTEP_OUT names another folder, DOORSTEP_VERSION another version.
# The tree that builds has this machine's architecture. For another one it fetches ready wheels and
# strips them with a cross binutils, so that nothing is emulated.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { printf '%s\n' "$*" >&2; exit 2; }

suite=${1:-} arch=${2:-}
case $suite in bookworm | trixie) ;; *) fail "Packages are built for bookworm and trixie, not for \"$suite\"." ;; esac
case $arch in amd64 | arm64) ;; *) fail "Packages are built for amd64 and arm64, not for \"$arch\"." ;; esac
[ "$(id -u)" = 0 ] || fail "Building packages needs root, for a clean tree of Debian. Try: sudo make deb"
[ -f mobile-web/dist/index.html ] || fail "The app is not built yet. Run: scripts/setup.sh run"

# Two builds of one commit are the same bytes; without git, of one day.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -d "$(date +%F)" +%s)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d -p "${TMPDIR:-/tmp}" "doorstep-deb-$suite-$arch-XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
out=${DOORSTEP_OUT:-$PWD/image/out}
mkdir -p "$out" .build/deb/pip

# Packages for another architecture are tried out where its programs can be run at all.
try_out() {
	local tree=$work/tried base
	[ "$arch" != "$(dpkg --print-architecture)" ] || return 0
	grep -qs '^enabled' "/proc/sys/fs/binfmt_misc/qemu-$machine" || {
		echo "Not tried out: this machine runs no $arch programs. On Debian: apt-get install qemu-user-static"
		return
	}
	base=$(DOORSTEP_ARCH=$arch image/deb/chroot.sh base "$suite" "$arch" python3 python3-numpy)
	mkdir "$tree"
	tar -C "$tree" -xf "$base"
	for name in doorstep doorstep-server; do
		dpkg-deb -x "$(newest "$name")" "$tree"
	done
	cp image/deb/smoke.py "$tree/root/"
	image/deb/chroot.sh enter "$tree" /usr/lib/doorstep/venv/bin/python -P /root/smoke.py
}

newest() { find "$out" -name "$1_*_$arch.deb" -newer "$work/begun" | head -n 1; }

machine=x86_64
[ "$arch" = amd64 ] || machine=aarch64
touch "$work/begun"
base=$(image/deb/chroot.sh base "$suite" build \
	python3 python3-pip python3-setuptools python3-wheel \
	binutils binutils-aarch64-linux-gnu binutils-x86-64-linux-gnu ca-certificates)
tar -C "$work" -xf "$base"
mkdir -p "$work/src"
DOORSTEP_BIND="$PWD:/src $out:/out $PWD/.build/deb/pip:/root/.cache/pip $PWD/.build/deb:/cache" \
	image/deb/chroot.sh enter "$work" /bin/sh -c \
	'cd /src && exec python3 -B -m image.deb.pack "$@"' pack \
	--suite "$suite" --arch "$arch" --out /out ${DOORSTEP_VERSION:+--version "$DOORSTEP_VERSION"}
try_out
