# What the virtual Pi's scripts share: where things are kept, and how a Debian tree is made.
# Sourced, never run.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
CACHE=$ROOT/.build/virtual-pi
# The release that Raspberry Pi OS is made from.
SUITE=trixie
readonly HERE ROOT CACHE SUITE

say() { printf '%s\n' "$*" >&2; }
fail() {
	say "$*"
	exit 2
}

# One name for exactly these inputs: what was built from others is built anew.
key() { cat "$@" | sha256sum | cut -c1-16; }

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || fail "The virtual Pi needs $1. On Debian: apt-get install $2"
}

need_root() { [ "$(id -u)" = 0 ] || fail "The virtual Pi needs root: it mounts, and it makes a Debian tree."; }

# The mirror of Debian that this machine uses already.
mirror() {
	local found
	found=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
	[ -n "$found" ] || fail "apt knows no mirror of Debian here. Run apt-get update and try again."
	printf '%s\n' "$found"
}

# A Debian tree in DIRECTORY with the packages of a list (one a line, # begins a remark).
debian_tree() { # DIRECTORY LIST
	local packages
	packages=$(sed 's/#.*//' "$2" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')
	mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='APT::Install-Recommends "false"' "$SUITE" "$1" "$(mirror)" ||
		fail "mmdebstrap could not make a tree of $SUITE; its last words are above."
}

# Run a command in a tree, with this machine's names and certificates; its mounts end with it.
in_tree() { # DIRECTORY COMMAND…
	local tree=$1
	shift
	unshare --mount --propagation private bash -euc '
		tree=$1; shift
		mount --rbind /dev "$tree/dev"
		mount -t proc proc "$tree/proc"
		mkdir -p "$tree/etc/ssl/certs"
		mount --bind /etc/ssl/certs "$tree/etc/ssl/certs"
		exec chroot "$tree" env -u PIP_FIND_LINKS -u LD_PRELOAD HOME=/root LC_ALL=C.UTF-8 \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
			PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$@"' in_tree "$tree" "$@"
}
