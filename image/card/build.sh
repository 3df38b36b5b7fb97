#!/usr/bin/env bash
# Builds a bootable arm64 disk image with Doorstep on it, from Debian's packages.
#   image/card/build.sh [--deb FILE]… OUT.img
#     --deb FILE      install this package into the image
# What one card is told comes onto its boot partition afterwards (python -m image.first_run).
# Needs root (chroot and owners of files), mmdebstrap, qemu-user for arm64, mtools, e2fsprogs.
# No loop device and no mount that outlives a command: it runs in plain containers.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SUITE=${SUITE:-trixie} ARCH=arm64
readonly CACHE=${CACHE:-.build/card}
readonly FILES=image/card/files
# Kernel and initial file system, twice over for an update, and the files of a card.
readonly BOOT_MIB=192
# It grows at the first start; until then it holds keys and a few phones.
readonly STATE_MIB=64
# Room for packages that are installed later.
readonly SPARE_MIB=256
readonly BOOTLOADER=usr/lib/systemd/boot/efi/systemd-bootaa64.efi
# As on Raspberry Pi OS: the wired interface is eth0; the last console is /dev/console.
readonly OPTIONS="root=PARTLABEL=doorstep-root ro net.ifnames=0 fsck.repair=yes loglevel=5 console=tty0 console=ttyAMA0"
DEBS=() OUT=""

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
fail() {
	printf '%s\n' "$*" >&2
	exit 2
}

read_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		--deb) [ -f "${2-}" ] || fail "--deb ${2-} is no file. Make it with make deb." && DEBS+=("$2") && shift 2 ;;
		-*) fail "Unknown argument $1." ;;
		*) OUT=$1 && shift ;;
		esac
	done
	[ -n "$OUT" ] || fail "Name the image to write, such as image/out/doorstep.img."
}

check_tools() {
	[ "$(id -u)" = 0 ] || fail "Run this as root: an image's files have owners."
	local tool
	for tool in mmdebstrap mke2fs mkfs.vfat mcopy sfdisk unshare; do
		command -v "$tool" >/dev/null || fail "$tool is missing. On Debian: apt-get install mmdebstrap e2fsprogs dosfstools mtools fdisk"
	done
	runs_arm64 || fail "This kernel runs no arm64 programs. On Debian: apt-get install qemu-user-static"
}

runs_arm64() {
	[ "$(dpkg --print-architecture)" = arm64 ] && return
	[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] && return
	mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null || return 1
	/usr/lib/systemd/systemd-binfmt 2>/dev/null
	[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]
}

mirror() { # the one that this machine itself uses
	local uri
	uri=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|//p' | head -n 1)
	[ -n "$uri" ] || fail "apt knows no mirror: run apt-get update."
	printf '%s\n' "${uri%/}"
}

wanted_packages() { grep -v '^#' image/card/packages.txt | paste -sd, -; }

base_tree() { # prints the name of an archive with Debian and nothing of ours
	local key tar
	key=$( (wanted_packages && printf '%s' "$SUITE $ARCH" && find image/card/base -type f -exec cat {} +) | sha256sum | cut -c1-16)
	tar=$CACHE/base-$key.tar
	if [ ! -e "$tar" ]; then
		say "fetching and unpacking Debian $SUITE for $ARCH (once; kept in $CACHE)" >&2
		# One initial file system at the end, instead of one after each package that has a say in it.
		INITRD=No mmdebstrap --quiet --mode=root --architectures="$ARCH" --variant=minbase \
			--aptopt='Apt::Install-Recommends "false"' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
			--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
			--setup-hook="copy-in image/card/base/etc image/card/base/usr /" \
			--customize-hook='chroot "$1" update-initramfs -c -k all' \
			--include="$(wanted_packages)" "$SUITE" "${tar%.tar}.part.tar" "$(mirror)" >&2
		mv "${tar%.tar}.part.tar" "$tar"
	fi
	printf '%s\n' "$tar"
}

in_tree() { # run a command in the tree; its mounts end with it
	image/deb/chroot.sh enter "$STAGE" "$@"
}

install_debs() {
	[ "${#DEBS[@]}" -gt 0 ] || return 0
	mkdir "$STAGE/debs"
	cp "${DEBS[@]}" "$STAGE/debs/"
	printf '#!/bin/sh\nexit 101\n' >"$STAGE/usr/sbin/policy-rc.d"
	chmod 755 "$STAGE/usr/sbin/policy-rc.d"
	# What they need is in the base already; asking apt costs a minute under emulation.
	in_tree sh -c 'dpkg --install /debs/*.deb' || install_with_needs
	rm -rf "$STAGE/debs" "$STAGE/usr/sbin/policy-rc.d" "$STAGE/etc/resolv.conf" "$STAGE"/var/lib/apt/lists/*
}

install_with_needs() {
	in_tree apt-get -q update
	in_tree sh -c 'apt-get -q -y --no-install-recommends -o APT::Sandbox::User=root install /debs/*.deb'
	in_tree apt-get clean
}

lay_out() {
	cp -rT --no-preserve=ownership "$FILES" "$STAGE"
	mkdir -p "$STAGE/boot/firmware" "$STAGE/var/lib/doorstep-state" "$STAGE"/var/lib/doorstep{,-cloud,-update}
	printf 'doorstep\n' >"$STAGE/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 doorstep\n::1 localhost\n' >"$STAGE/etc/hosts"
	# NetworkManager alone looks after the network.
	in_tree env SYSTEMD_OFFLINE=1 systemctl disable systemd-networkd.service systemd-networkd-wait-online.service 2>/dev/null || true
}

forget_secrets() { # what has to be different on every card is made at its first start
	: >"$STAGE/etc/machine-id"
	rm -f "$STAGE"/etc/ssh/ssh_host_* "$STAGE/var/lib/dbus/machine-id" "$STAGE/var/lib/systemd/random-seed"
	rm -rf "$STAGE"/var/lib/doorstep/* "$STAGE"/var/lib/doorstep-cloud/* "$STAGE"/var/log/*.log "$STAGE"/var/cache/apt/*.bin
	local leftover
	leftover=$(find "$STAGE/var/lib/doorstep" "$STAGE/var/lib/doorstep-cloud" "$STAGE/etc/doorstep" -name '*.pem' -o -name '*.key' 2>/dev/null | head -n 1)
	[ -z "$leftover" ] || fail "A key would stand in the image: $leftover. It must be made at the first start."
}

boot_partition() {
	local image=$WORK/boot.img entry=$WORK/doorstep.conf
	rm -f "$image"
	mkfs.vfat -C -F 32 -n bootfs "$image" $((BOOT_MIB * 1024)) >/dev/null 2>"$WORK/mkfs.log" || fail "mkfs.vfat: $(cat "$WORK/mkfs.log")"
	printf 'title Doorstep\nlinux /vmlinuz\ninitrd /initrd.img\noptions %s\n' "$OPTIONS" >"$entry"
	printf 'timeout 0\ndefault doorstep.conf\n' >"$WORK/loader.conf"
	mmd -i "$image" ::EFI ::EFI/BOOT ::loader ::loader/entries
	mcopy -i "$image" "$STAGE/$BOOTLOADER" ::EFI/BOOT/BOOTAA64.EFI
	mcopy -i "$image" "$WORK/loader.conf" ::loader/loader.conf
	mcopy -i "$image" "$entry" ::loader/entries/doorstep.conf
	mcopy -i "$image" "$(newest "$STAGE/boot/vmlinuz-*")" ::vmlinuz
	mcopy -i "$image" "$(newest "$STAGE/boot/initrd.img-*")" ::initrd.img
}

newest() { # shellcheck disable=SC2086 # the pattern is to be expanded
	printf '%s\n' $1 | sort -V | tail -n 1
}

ext4() { # FOLDER IMAGE SIZE_MIB LABEL
	rm -f "$2"
	mke2fs -q -t ext4 -d "$1" -L "$4" -m 1 -O metadata_csum_seed -E lazy_itable_init=0 "$2" "$3M"
}

root_partition() {
	local used
	used=$(du -sm --one-file-system "$STAGE" | cut -f1)
	# Journal, tables and half-used blocks take about a tenth.
	ext4 "$STAGE" "$WORK/root.img" $((used * 11 / 10 + SPARE_MIB)) doorstep-root
}

state_partition() {
	mkdir -p "$WORK"/state/doorstep{,-cloud,-update}
	ext4 "$WORK/state" "$WORK/state.img" "$STATE_MIB" doorstep-state
}

assemble() {
	local root_mib boot_at=1 root_at state_at end
	root_mib=$(($(stat -c %s "$WORK/root.img") / 1048576))
	root_at=$((boot_at + BOOT_MIB)) && state_at=$((root_at + root_mib)) && end=$((state_at + STATE_MIB + 1))
	rm -f "$OUT.part"
	truncate -s "${end}M" "$OUT.part"
	sfdisk --quiet "$OUT.part" <<-TABLE
		label: gpt
		start=${boot_at}MiB, size=${BOOT_MIB}MiB, type=uefi, name=doorstep-boot
		start=${root_at}MiB, size=${root_mib}MiB, type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE, name=doorstep-root
		start=${state_at}MiB, size=${STATE_MIB}MiB, type=linux, name=doorstep-state
	TABLE
	put boot.img "$boot_at"
	put root.img "$root_at"
	put state.img "$state_at"
	mv "$OUT.part" "$OUT"
}

put() { # IMAGE AT_MIB
	dd if="$WORK/$1" of="$OUT.part" bs=1M seek="$2" conv=notrunc,sparse status=none
}

main() {
	read_arguments "$@"
	check_tools
	mkdir -p "$CACHE" "$(dirname "$OUT")"
	local base
	base=$(base_tree)
	WORK=$(mktemp -d "$CACHE/work.XXXXXX")
	trap 'rm -rf "$WORK"' EXIT
	STAGE=$WORK/tree
	mkdir "$STAGE"
	say "unpacking $base"
	tar -xpf "$base" -C "$STAGE" --numeric-owner
	say "installing ${DEBS[*]:-nothing of ours}"
	install_debs
	lay_out
	forget_secrets
	say "writing $OUT"
	boot_partition
	root_partition
	state_partition
	assemble
	say "$OUT: $(du -m --apparent-size "$OUT" | cut -f1) MiB, $(du -m "$OUT" | cut -f1) on disk"
}

main "$@"
