#!/usr/bin/env bash
# Makes the virtual Pi's Debian tree, without Doorstep, and prints where it is. Kept by its recipe.
. "$(dirname "$0")/lib.sh"
readonly PYTHON_PACKAGES=$ROOT/requirements/virtual-pi.txt
BASE=$CACHE/tree-$(key "$HERE"/tree/* "$PYTHON_PACKAGES" "$0" "$HERE/lib.sh")
readonly BASE

python_packages() { # TREE
	cp "$PYTHON_PACKAGES" "$1/root/packages.txt"
	# lgpio's source package brings its C library along only when it is asked to.
	in_tree "$1" env PYPI=1 pip install --quiet --break-system-packages --ignore-installed --no-deps \
		--no-build-isolation --no-compile --root-user-action=ignore --require-hashes -r /root/packages.txt
}

furnish() { # TREE
	printf 'virtual-pi\n' >"$1/etc/hostname"
	printf '127.0.0.1 localhost virtual-pi\n' >"$1/etc/hosts"
	: >"$1/etc/fstab"
	rm -rf "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb "$1"/root/.cache
}

if [ ! -d "$BASE" ]; then
	need_root
	need mmdebstrap mmdebstrap
	mkdir -p "$CACHE"
	new=$(mktemp -d "$CACHE/new.XXXX")
	trap 'rm -rf "$new"' EXIT
	chmod 0755 "$new"
	say "Making the virtual Pi's Debian tree; its log: ${BASE#"$ROOT"/}.log"
	{ debian_tree "$new" "$HERE/tree/packages.txt" && python_packages "$new" && furnish "$new"; } >"$BASE.log" 2>&1 ||
		fail "The tree could not be made. Its last words: $(tail -n 3 "$BASE.log" | tr '\n' ' ')"
	mv "$new" "$BASE"
fi
printf '%s\n' "$BASE"
