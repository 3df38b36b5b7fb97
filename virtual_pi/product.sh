#!/usr/bin/env bash
# Installs Doorstep into a layer over the virtual Pi's tree, and prints the layer. Kept by what is
# installed: the packages named in PACKAGES, or this folder's own files.
. "$(dirname "$0")/lib.sh"
readonly BASE=$1 PACKAGES=${PACKAGES:-}
readonly PARTS=(protocol media hardware device cloud updater)

sources() { # Everything that an installation from this folder depends on.
	cat "$ROOT/requirements/run.txt" "$HERE/product.sh" <(cd "$ROOT" && find "${PARTS[@]}" systemd mobile-web/dist -type f \
		! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum)
}

install_packages() { # TREE
	mkdir -p "$1/root/packages"
	# shellcheck disable=SC2086  # a list
	cp $PACKAGES "$1/root/packages/"
	in_tree "$1" bash -euc 'apt-get update -q && apt-get install -y -q --no-install-recommends /root/packages/*.deb'
	rm -r "$1/root/packages"
}

if [ -n "$PACKAGES" ]; then
	# shellcheck disable=SC2086
	LAYER=$BASE-$(key $PACKAGES "$HERE/product.sh")
	install=install_packages
else
	fail "Say which packages to install: PACKAGES=\"doorstep_….deb doorstep-server_….deb\""
fi
