#!/usr/bin/env bash
# Builds the full lane's kernel, Debian's 6.12 as an ordinary program, and prints where it is.
# Kept by its options; a build takes some minutes.
. "$(dirname "$0")/lib.sh"
readonly OPTIONS=$HERE/kernel/options.txt PACKAGES=$HERE/kernel/packages.txt
# UML's PCI bus wants the number of a device of virtio; no such device is there.
readonly NO_PCI_DEVICE=1234
STORE=$CACHE/kernel-$(key "$OPTIONS" "$PACKAGES" "$0")
readonly STORE

configure() { # In the source's folder: print the arguments of its scripts/config.
	sed 's/#.*//' "$OPTIONS" | tr -s ' \n' '\n\n' | while read -r option; do
		case $option in
		'') ;;
		-*) printf -- '-d %s ' "${option#-}" ;;
		*) printf -- '-e %s ' "$option" ;;
		esac
	done
	printf -- '--set-val UML_PCI_OVER_VIRTIO_DEVICE_ID %s' "$NO_PCI_DEVICE"
}

build() { # WORKSHOP: a tree with the tools and the source
	in_tree "$1" nice -n 15 bash -euc '
		cd /usr/src && tar xJf linux-source-6.12.tar.xz && cd linux-source-6.12
		make -s ARCH=um x86_64_defconfig
		scripts/config $1
		make -s ARCH=um olddefconfig
		for option in SND_ALOOP GPIO_SIM NET_SCH_NETEM DMABUF_HEAPS_SYSTEM HOSTFS CGROUP_BPF SECCOMP_FILTER; do
			grep -q "^CONFIG_$option=y" .config || { echo "The kernel did not take the option $option."; exit 1; }
		done
		make -s ARCH=um -j"$(nproc)" linux' build "$(configure)"
}

if [ ! -x "$STORE/linux" ]; then
	need_root
	need mmdebstrap mmdebstrap
	mkdir -p "$CACHE"
	workshop=$(mktemp -d "$CACHE/workshop.XXXX")
	trap 'rm -rf "$workshop"' EXIT
	say "Building the full lane's kernel; its log: ${STORE#"$ROOT"/}.log"
	{ debian_tree "$workshop" "$PACKAGES" && build "$workshop"; } >"$STORE.log" 2>&1 ||
		fail "The kernel could not be built. Its last words: $(tail -n 2 "$STORE.log" | tr '\n' ' ')"
	mkdir -p "$STORE"
	cp "$workshop/usr/src/linux-source-6.12/.config" "$STORE/config"
	install -m 0755 "$workshop/usr/src/linux-source-6.12/linux" "$STORE/linux.new"
	mv "$STORE/linux.new" "$STORE/linux"
fi
printf '%s\n' "$STORE/linux"
