"""Raspberry Pi OS Bookworm: firstrun.sh, which runs once before there is a network.

It sets up host name, user and Wi-Fi, leaves the rest to setup.sh at the start after it, and takes
itself out of cmdline.txt.
"""

from __future__ import annotations

import shlex

from image.first_run.errors import CardError
from image.first_run.wifi import WiFi
from image.first_run.wishes import Card, Person

_SCRIPT = """\
#!/bin/sh
# Runs once, at the first start of this card.
set -u
BOOT=/boot/firmware
HOST={host}
PERSON={person}

rename_host() {{
	old=$(cat /etc/hostname)
	printf '%s\\n' "$HOST" >/etc/hostname
	sed -i "s/^127\\.0\\.1\\.1.*$old.*/127.0.1.1\\t$HOST/" /etc/hosts
}}

# Raspberry Pi OS has one user without a name yet; other systems may have none.
make_person() {{
	first=$(getent passwd 1000 | cut -d: -f1)
	if [ -z "$first" ]; then
		useradd --uid 1000 --create-home --shell /bin/bash "$PERSON"
	elif [ "$first" != "$PERSON" ]; then
		usermod --login "$PERSON" --move-home --home "/home/$PERSON" "$first"
		groupmod --new-name "$PERSON" "$first"
	fi
	usermod --lock "$PERSON"
	for group in {groups}; do
		getent group "$group" >/dev/null && usermod --append --groups "$group" "$PERSON"
	done
	printf '%s ALL=(ALL) NOPASSWD: ALL\\n' "$PERSON" >/etc/sudoers.d/010_doorstep
	chmod 440 /etc/sudoers.d/010_doorstep
	systemctl disable userconfig.service 2>/dev/null || true
}}

let_in_by_key() {{
	home=$(getent passwd "$PERSON" | cut -d: -f6)
	install -d -m 700 -o "$PERSON" -g "$PERSON" "$home/.ssh"
	printf '%s\\n' {keys} >"$home/.ssh/authorized_keys"
	chown "$PERSON:$PERSON" "$home/.ssh/authorized_keys"
	chmod 600 "$home/.ssh/authorized_keys"
	mkdir -p /etc/ssh/sshd_config.d
	printf 'PasswordAuthentication no\\n' >/etc/ssh/sshd_config.d/10-doorstep.conf
	systemctl enable ssh.service || true
}}

set_time_zone() {{
	[ -e "/usr/share/zoneinfo/$1" ] || return 0
	ln -sf "/usr/share/zoneinfo/$1" /etc/localtime
	printf '%s\\n' "$1" >/etc/timezone
}}
{wifi_function}
forget_hook() {{
	sed -i 's/ systemd\\.[^ ]*//g' "$BOOT/cmdline.txt"
	rm -f "$BOOT/firstrun.sh"
}}

rename_host
make_person
let_in_by_key
{calls}# The rest needs the network, which the next start has.
/bin/sh "$BOOT/doorstep/setup.sh" later
forget_hook
exit 0
"""
# The network's name stands as bytes, as no character of a name is special among them.
_WIFI = """
join_wifi() {{
	folder=/etc/NetworkManager/system-connections
	mkdir -p "$folder"
	cat >"$folder/doorstep.nmconnection" <<-'CONNECTION'
	[connection]
	id=doorstep
	type=wifi
	autoconnect=true
	[wifi]
	mode=infrastructure
	ssid={ssid}
	hidden={hidden}
	[wifi-security]
	key-mgmt=wpa-psk
	psk={key}
	[ipv4]
	method=auto
	[ipv6]
	method=auto
	CONNECTION
	chmod 600 "$folder/doorstep.nmconnection"
	command -v raspi-config >/dev/null && raspi-config nonint do_wifi_country {country}
	command -v rfkill >/dev/null && rfkill unblock wifi
	for lock in /var/lib/systemd/rfkill/*:wlan; do
		[ -e "$lock" ] && printf '0\\n' >"$lock"
	done
}}
"""


def files(card: Card) -> dict[str, str]:
    """Name and text of each file. CardError without a person."""
    if card.person is None:
        raise CardError("--suite bookworm needs --user and --ssh-key.")
    return {"firstrun.sh": _script(card, card.person)}


def _script(card: Card, person: Person) -> str:
    calls = f"set_time_zone {shlex.quote(card.time_zone)}\n" if card.time_zone else ""
    if card.wifi is not None:
        calls += "join_wifi\n"
    return _SCRIPT.format(
        host=shlex.quote(card.host_name),
        person=shlex.quote(person.name),
        keys=" ".join(shlex.quote(key) for key in person.ssh_keys),
        groups="adm audio dialout gpio i2c input netdev plugdev render spi sudo users video",
        wifi_function=_wifi_function(card.wifi) if card.wifi else "",
        calls=calls,
    )


def _wifi_function(network: WiFi) -> str:
    return _WIFI.format(
        ssid="".join(f"{byte};" for byte in network.name.encode()),
        hidden="true" if network.hidden else "false",
        key=network.key,
        country=network.country,
    )
