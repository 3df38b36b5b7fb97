#!/usr/bin/env bash
# Installs Doorstep's packages into a layer over the virtual Pi's tree, and prints the layer. Kept
# by tree and packages.   product.sh BASE PACKAGE.deb…
. "$(dirname "$0")/lib.sh"
readonly BASE=$1
shift
LAYER=$BASE.with-$(key "$@" "$0")
readonly LAYER

install_in() { # TREE PACKAGE…
	local tree=$1
	shift
	mkdir -p "$tree/root/packages"
	cp "$@" "$tree/root/packages/"
	# The network is this machine's; nothing is started while it is installed.
	cp --remove-destination "$(readlink -f /etc/resolv.conf)" "$tree/etc/resolv.conf"
	in_tree "$tree" bash -euc 'apt-get update -q &&
		RUNLEVEL=1 apt-get install -y -q --no-install-recommends /root/packages/*.deb && apt-get clean
		python3 -m compileall -q /usr/local/lib/python3*/dist-packages'
	rm -r "$tree/root/packages"
}

if [ ! -d "$LAYER" ]; then
	need_root
	if [ -z "${VIRTUAL_PI_INSIDE:-}" ]; then
		VIRTUAL_PI_INSIDE=yes exec unshare --mount --propagation private "$0" "$BASE" "$@"
	fi
	new=$(mktemp -d "$CACHE/new.XXXX")
	trap 'umount "$new/root" 2>/dev/null || true; rm -rf "$new"' EXIT
	mkdir "$new/root" "$new/upper" "$new/work"
	mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$new/upper,workdir=$new/work" "$new/root" ||
		fail "This machine cannot mount an overlay, which the virtual Pi is put together by."
	say "Installing ${*##*/}"
	install_in "$new/root" "$@" >"$LAYER.log" 2>&1 ||
		fail "The packages could not be installed. Last words: $(tail -n 3 "$LAYER.log" | tr '\n' ' ')"
	umount "$new/root"
	mkdir "$LAYER.new" && mv "$new/upper" "$LAYER.new/upper" && mv "$LAYER.new" "$LAYER"
fi
printf '%s\n' "$LAYER"
