#!/usr/bin/env bash
# The virtual Pi: the packages as they are shipped, on the real drivers, without a Raspberry Pi.
#   virtual_pi/run.sh container   on this machine's kernel, in two minutes
#   virtual_pi/run.sh full        on a kernel of its own, with GPIO lines, a sound card and netem
. "$(dirname "$0")/lib.sh"
readonly LANE=${1:-container} OUT=$ROOT/image/out
# Doorstep's own folders that end up in its packages.
readonly SHIPPED=(protocol media hardware device cloud updater systemd image/deb requirements/pi.txt requirements/server.txt)

newest() { # PACKAGE: the newest file of it for this suite and machine
	# shellcheck disable=SC2012  # its names are ours
	ls -t "$OUT/$1"_*+deb13*_"$(dpkg --print-architecture)".deb 2>/dev/null | head -n 1
}

out_of_date() { # PACKAGE-FILE
	[ -z "$1" ] || [ -n "$(cd "$ROOT" && find "${SHIPPED[@]}" -type f ! -name '*.pyc' -newer "$1" -print -quit)" ]
}

packages() { # Print both, built if they are not there or older than what they are made of.
	if out_of_date "$(newest doorstep)" || out_of_date "$(newest doorstep-server)"; then
		say "Building the packages for $SUITE"
		"$ROOT/image/deb/build.sh" "$SUITE" "$(dpkg --print-architecture)" >"$CACHE/packages.log" 2>&1 ||
			fail "The packages could not be built. Last words: $(tail -n 3 "$CACHE/packages.log" | tr '\n' ' ')"
	fi
	printf '%s\n' "$(newest doorstep)" "$(newest doorstep-server)"
}

need_root
mkdir -p "$CACHE"
# What a run that was cut off has left, and packages of yesterday.
find "$CACHE" -maxdepth 1 \( -name 'run.*' -o -name 'new.*' -o -name '*.with-*' \) -mtime +0 -exec rm -rf {} +
base=$("$HERE/tree.sh")
mapfile -t debs < <(packages)
[ "${#debs[@]}" = 2 ] && [ -n "${debs[0]}" ] || exit 2
layer=$("$HERE/product.sh" "$base" "${debs[@]}")
transcript=${TRANSCRIPT:-$CACHE/$LANE.txt}
case $LANE in
container) "$HERE/container.sh" "$base" "$layer" "$transcript" ;;
full) "$HERE/full.sh" "$base" "$layer" "$transcript" "$("$HERE/kernel.sh")" ;;
*) fail "There is no lane \"$LANE\". The lanes are: container, full." ;;
esac
