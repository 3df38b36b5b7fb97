#!/bin/bash
# Makes the machine that the doorbell expects. /run/virtual-pins are lines of gpio-sim where the
# kernel has it, folders elsewhere.
set -euo pipefail
readonly PINS=/run/virtual-pins
# Of the settings' defaults: button and motion are pulled to rest, the others are outputs.
readonly INPUTS=(17:pull-up 27:pull-down) OUTPUTS=(22 23 24 12)

folders() {
	local line
	mkdir -p "$PINS"
	for line in "${INPUTS[@]}" "${OUTPUTS[@]/%/:pull-down}"; do
		mkdir -p "$PINS/sim_gpio${line%:*}"
		printf '%s' "${line#*:}" >"$PINS/sim_gpio${line%:*}/pull"
		printf 0 >"$PINS/sim_gpio${line%:*}/value"
	done
	# The doorbell, its lock and whoever plays the world have users of their own.
	chmod -R a+rwX "$PINS"
}

lines() {
	local chip=/sys/kernel/config/gpio-sim/pi
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
	mkdir -p "$chip/bank0"
	echo 54 >"$chip/bank0/num_lines"
	# The name of a Pi's header, by which its chip is found.
	echo pinctrl-rp1 >"$chip/bank0/label"
	echo 1 >"$chip/live"
	ln -sfn "/sys/devices/platform/$(cat "$chip/dev_name")/$(cat "$chip/bank0/chip_name")" "$PINS"
	for line in "${INPUTS[@]}"; do
		echo "${line#*:}" >"$PINS/sim_gpio${line%:*}/pull"
	done
	chgrp gpio /dev/gpiochip0 && chmod 0660 /dev/gpiochip0
}

# The memory of pictures has another name on a Pi.
picture_memory() {
	[ -e /dev/dma_heap/system ] || return 0
	chgrp video /dev/dma_heap/system && chmod 0660 /dev/dma_heap/system
	ln -sfn system "/dev/dma_heap/linux,cma"
}

if [ -e /sys/module/gpio_sim ] || [ -e /sys/bus/platform/drivers/gpio-sim ]; then lines; else folders; fi
# On a folder of the other machine everything belongs to root: what other users write goes here.
state_in_memory() {
	local folder
	[ "$(findmnt --noheadings --output FSTYPE /)" = hostfs ] || return 0
	for folder in /var/lib/doorstep /var/lib/doorstep-cloud; do
		mkdir -p "$folder"
		mount -t tmpfs -o mode=0700 tmpfs "$folder"
	done
}

picture_memory
state_in_memory
# Pins are numbered after the model, which only a Pi's kernel tells.
mount --bind /opt/virtual-pi/pins/cpuinfo /proc/cpuinfo
# Calls need an address that is not of the loopback; this one is of nobody.
ip address add 192.0.2.1/32 dev lo
