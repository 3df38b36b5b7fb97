#!/bin/sh
# Makes a doorbell of Raspberry Pi OS: runs as root at the first start, from the boot partition.
#
# It installs the packages that lie beside it or that downloads.txt names, puts the settings in
# force, and writes what it does into setup.log beside it, which any computer can read. It may run
# again and again: what is done is not done twice. Until it has succeeded it runs at every start;
# `setup.sh later` arranges just that.
set -u
umask 022
HERE=${DOORSTEP_CARD:-/boot/firmware/doorstep}
BOOT=$(dirname "$HERE")
LOG=$HERE/setup.log
# The network may come up late, and a mirror may be busy: a quarter of an hour of patience.
TRIES=${DOORSTEP_TRIES:-30}
PAUSE_S=${DOORSTEP_PAUSE_S:-30}
# Drivers that belong to Raspberry Pi OS; elsewhere they are missing and the doorbell says so.
DRIVERS="python3-picamera2 python3-lgpio python3-pyaudio"
UNIT=doorstep-setup.service
export DEBIAN_FRONTEND=noninteractive

say() {
	printf '%s\n' "$*" >>"$LOG"
	printf 'doorstep: %s\n' "$*"
	{ printf '\ndoorstep: %s\n' "$*" >/dev/console; } 2>/dev/null || true
}

stop() {
	say "$* Then start the Pi again: it goes on from here."
	exit 1
}

run_at_every_start() {
	cat >"/etc/systemd/system/$UNIT" <<-UNIT_FILE
	[Unit]
	Description=Set this Pi up as a doorbell
	Wants=network-online.target
	After=network-online.target
	ConditionPathExists=$HERE/setup.sh

	[Service]
	Type=oneshot
	ExecStart=/bin/sh $HERE/setup.sh
	TimeoutStartSec=infinity

	[Install]
	WantedBy=multi-user.target
	UNIT_FILE
	systemctl --no-reload enable "$UNIT" >>"$LOG" 2>&1
}

run_no_more() {
	systemctl --no-reload disable "$UNIT" >>"$LOG" 2>&1
}

fetch_downloads() {
	[ -e "$HERE/downloads.txt" ] || return 0
	mkdir -p /var/cache/doorstep
	while read -r sum url; do
		file=/var/cache/doorstep/${url##*/}
		fetch_one "$sum" "$url" "$file" || return 1
	done <"$HERE/downloads.txt"
}

fetch_one() { # SUM URL FILE
	fits "$1" "$3" && return 0
	if command -v curl >/dev/null; then
		curl -fsSL --proto '=https' --max-time 600 -o "$3.part" "$2" || return 1
	else
		wget -q --https-only --timeout 600 -O "$3.part" "$2" || return 1
	fi
	fits "$1" "$3.part" || {
		rm -f "$3.part"
		say "$2 is not the package that was meant."
		return 1
	}
	mv "$3.part" "$3"
}

fits() { # SUM FILE
	[ -e "$2" ] && [ "$(sha256sum "$2" | cut -d' ' -f1)" = "$1" ]
}

packages() { # those on the card, then those fetched
	for file in "$HERE"/*.deb /var/cache/doorstep/*.deb; do
		[ -e "$file" ] && printf '%s\n' "$file"
	done
}

missing_packages() { # of packages(), what is not yet installed in that version
	packages | while read -r file; do
		wanted=$(dpkg-deb --field "$file" Version)
		name=$(dpkg-deb --field "$file" Package)
		# shellcheck disable=SC2016 # dpkg-query's own variable
		have=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$name" 2>/dev/null)
		[ "$have" = "installed $wanted" ] || printf '%s\n' "$file"
	done
}

known_drivers() {
	for name in $DRIVERS; do
		apt-cache show "$name" >/dev/null 2>&1 && printf '%s\n' "$name"
	done
}

install_packages() {
	# shellcheck disable=SC2046 # one word each, by the names that this card was made with
	apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
		-o APT::Sandbox::User=root install $(missing_packages) $(known_drivers) "$@" >>"$LOG" 2>&1
}

install_doorbell() {
	extras=$(cat "$HERE/extras.txt" 2>/dev/null)
	try=1
	while [ "$try" -le "$TRIES" ]; do
		apt-get -q update >>"$LOG" 2>&1
		# shellcheck disable=SC2086 # names of packages, one word each
		fetch_downloads && install_packages $extras && return 0
		[ "$try" -lt "$TRIES" ] && sleep "$PAUSE_S"
		try=$((try + 1))
	done
	return 1
}

put_settings() { # the card's, unless somebody has changed the Pi's since
	mkdir -p /etc/doorstep
	for name in device cloud; do
		put_one "$HERE/$name.toml" "/etc/doorstep/$name.toml" || return 1
	done
}

put_one() { # FROM TO
	[ -e "$1" ] || return 0
	mark=/var/lib/doorstep-card/$(basename "$2").sum
	sum=$(sha256sum "$1" | cut -d' ' -f1)
	[ "$(cat "$mark" 2>/dev/null)" = "$sum" ] && return 0
	mkdir -p "$(dirname "$mark")"
	cp "$1" "$2.new" && chmod 644 "$2.new" && mv "$2.new" "$2" && printf '%s\n' "$sum" >"$mark"
}

# comitup opens a network of this name while no known one is there.
name_wifi_help() {
	[ -e "$HERE/comitup.conf" ] || return 0
	cp "$HERE/comitup.conf" /etc/comitup.conf
}

mark_config() { # config.txt, when it was not done on the computer that made the card
	[ -e "$BOOT/config.txt" ] || return 0
	grep -q '^# Doorstep' "$BOOT/config.txt" && return 0
	cp "$BOOT/config.txt" "$BOOT/config.txt.new"
	cat "$HERE/config-block.txt" >>"$BOOT/config.txt.new"
	mv "$BOOT/config.txt.new" "$BOOT/config.txt"
	touch /run/doorstep-needs-restart
}

switch_on() { # on a Raspberry Pi the packages have done most of it
	units="doorstep-lock.service doorstep-device.service doorstep-welcome.service"
	[ ! -e "$HERE/cloud.toml" ] || units="$units doorstep-cloud.service"
	# shellcheck disable=SC2086 # one word each
	systemctl enable $units >>"$LOG" 2>&1
}

start_doorbell() {
	[ ! -e "$HERE/cloud.toml" ] || systemctl restart doorstep-cloud.service >>"$LOG" 2>&1
	systemctl restart doorstep-lock.service >>"$LOG" 2>&1 || true
	systemctl restart doorstep-device.service >>"$LOG" 2>&1 || return 1
	systemctl --no-block start doorstep-welcome.service >>"$LOG" 2>&1
}

main() {
	: >"$LOG"
	run_at_every_start
	[ "${1-}" = later ] && return 0
	name_wifi_help
	if [ -n "$(missing_packages)" ] || [ -e "$HERE/downloads.txt" ] || [ -e "$HERE/extras.txt" ]; then
		say "installing; this takes some minutes"
		install_doorbell || stop "Something could not be installed: is the Pi in the network? See $LOG."
	fi
	[ -x /usr/bin/doorstep ] || stop "Doorstep is not here: put its package into the folder doorstep on the card."
	put_settings || stop "The settings could not be written: is the card full or worn?"
	mark_config
	if [ -e /run/doorstep-needs-restart ]; then
		say "set up; starting once more with the new settings of the board"
		switch_on
		run_no_more
		systemctl --no-block reboot
		return 0
	fi
	switch_on
	start_doorbell || stop "The doorbell does not start: journalctl -u doorstep-device says why."
	run_no_more
	say "set up"
}

main "$@"
