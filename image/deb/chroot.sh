#!/usr/bin/env bash
# Clean Debian trees, from the mirror that this machine's own apt uses.
#   image/deb/chroot.sh base SUITE KIND [PACKAGE…]   make the cached tar of a tree; prints its path
#   image/deb/chroot.sh enter ROOT COMMAND…          run a command inside; mounts end with it
set -euo pipefail
cd "$(dirname "$0")/../.."

CACHE=$PWD/.build/deb
readonly CACHE

fail() { printf '%s\n' "$*" >&2; exit 2; }

mirror() {
	local found
	found=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n 's/^Debian|Debian|//p' | head -n 1)
	[ -n "$found" ] || fail "apt on this machine knows no Debian mirror. Run apt-get update, then try again."
	printf '%s' "$found"
}

# The list of packages is part of the name: another list is another tree. DOORSTEP_ARCH names another
# architecture; then this machine has to run its programs (qemu-user-static).
base() { # SUITE KIND [PACKAGE…]
	local suite=$1 kind=$2 arch=${DOORSTEP_ARCH:-$(dpkg --print-architecture)} tar packages
	shift 2
	packages=$(IFS=,; printf '%s' "$*")
	tar=$CACHE/$suite-$kind-$(printf '%s' "$packages" | sha256sum | cut -c1-8).tar
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.$suite-$kind.lock"
	flock 9
	if [ ! -f "$tar" ]; then
		command -v mmdebstrap >/dev/null || fail "mmdebstrap is needed. As root, run: apt-get install mmdebstrap"
		mmdebstrap --quiet --variant=minbase --mode=root --architectures="$arch" --include="$packages" "$suite" "${tar%.tar}.part.tar" "$(mirror)" \
			2>"$CACHE/mmdebstrap-$suite-$kind.log" >&2 ||
			fail "mmdebstrap could not make $suite. Its last words: $(tail -n 2 "$CACHE/mmdebstrap-$suite-$kind.log" | tr '\n' ' ')"
		mv "${tar%.tar}.part.tar" "$tar"
	fi
	printf '%s\n' "$tar"
}

# Whoever builds may have certificates and a proxy of their own. DOORSTEP_BIND="/here:/inside …" binds
# folders; DOORSTEP_CERTS=no leaves the tree its own certificates, for installing them.
enter() { # ROOT COMMAND…
	[ "$(id -u)" = 0 ] || fail "Only root can enter another tree. Try again with sudo."
	unshare --mount --pid --fork --kill-child -- bash -euc '
		root=$1; shift
		mount --make-rprivate /
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		if [ "${DOORSTEP_CERTS:-yes}" = yes ]; then
			mkdir -p "$root/etc/ssl/certs"
			# Read-only: what is installed inside must not rewrite those of this machine.
			mount --bind /etc/ssl/certs "$root/etc/ssl/certs"
			mount -o remount,bind,ro "$root/etc/ssl/certs"
		fi
		for pair in ${DOORSTEP_BIND:-}; do
			mkdir -p "$root${pair#*:}"
			mount --bind "${pair%%:*}" "$root${pair#*:}"
		done
		[ -e "$root/etc/resolv.conf" ] || touch "$root/etc/resolv.conf"
		mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PIP_CERT=/etc/ssl/certs/ca-certificates.crt SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}" \
			${DOORSTEP_COMPRESSION:+DOORSTEP_COMPRESSION="$DOORSTEP_COMPRESSION"} \
			${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} \
			chroot "$root" "$@"
	' enter "$@"
}

case ${1:-} in
base | enter) "$@" ;;
*) fail "Say base SUITE KIND [PACKAGE…], or enter ROOT COMMAND…" ;;
esac; exit
