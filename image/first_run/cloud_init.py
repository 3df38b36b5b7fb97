"""Raspberry Pi OS Trixie: what cloud-init reads from the boot partition (NoCloud).

With a person: user-data, network-config and meta-data, which say everything. Without: vendor-data
alone, a script that runs beside whatever Raspberry Pi Imager has written into user-data.
"""

from __future__ import annotations

import json
from hashlib import sha256

from image.first_run.wifi import WiFi
from image.first_run.wishes import Card, Person

SETUP = "/boot/firmware/doorstep/setup.sh"
# The groups that Raspberry Pi OS gives its first user.
GROUPS = ("adm", "audio", "dialout", "gpio", "i2c", "input", "netdev", "plugdev", "render", "spi",
          "sudo", "users", "video")  # fmt: skip


def files(card: Card) -> dict[str, str]:
    """Name and text of each file."""
    if card.person is None:
        return {"vendor-data": f"#!/bin/sh\nexec /bin/sh {SETUP}\n"}
    made = {
        "user-data": _user_data(card, card.person),
        "network-config": _network_config(card.wifi),
    }
    return {**made, "meta-data": _meta_data("".join(made.values()) + card.device_toml)}


def _user_data(card: Card, person: Person) -> str:
    lines = [
        "#cloud-config",
        f"hostname: {_text(card.host_name)}",
        "manage_etc_hosts: true",
        *([f"timezone: {_text(card.time_zone)}"] if card.time_zone else []),
        "ssh_pwauth: false",
        "users:",
        f"- name: {_text(person.name)}",
        f"  groups: [{', '.join(GROUPS)}]",
        "  shell: /bin/bash",
        "  # Keys alone open this account, so sudo has no password to ask for.",
        "  lock_passwd: true",
        '  sudo: "ALL=(ALL) NOPASSWD:ALL"',
        "  ssh_authorized_keys:",
        *[f"  - {_text(key)}" for key in person.ssh_keys],
        "runcmd:",
        f"- [systemctl, enable, --now, {_text('ssh.service')}]",
        f"- [/bin/sh, {_text(SETUP)}]",
    ]
    return "\n".join(lines) + "\n"


def _network_config(network: WiFi | None) -> str:
    lines = [
        "network:",
        "  version: 2",
        "  ethernets:",
        "    eth0:",
        "      dhcp4: true",
        "      optional: true",
    ]
    if network is not None:
        lines += [
            "  wifis:",
            "    wlan0:",
            "      dhcp4: true",
            "      optional: true",
            f"      regulatory-domain: {_text(network.country)}",
            "      access-points:",
            f"        {_text(network.name)}:",
            *(["          hidden: true"] if network.hidden else []),
            "          # The network's derived key, not its password.",
            f"          password: {_text(network.key)}",
        ]
    return "\n".join(lines) + "\n"


def _meta_data(contents: str) -> str:
    """Another id for other contents: cloud-init then takes them for a new machine."""
    digest = sha256(contents.encode()).hexdigest()[:16]
    return f"instance-id: doorstep-{digest}\n"


def _text(value: str) -> str:
    """A double-quoted scalar of YAML; JSON's are a subset of these."""
    return json.dumps(value, ensure_ascii=False)
