"""Which addresses and ports are used."""

from __future__ import annotations

import ipaddress

import pytest

from media.addresses import (
    HOST_LIMIT,
    Network,
    address_of,
    host_addresses,
    ports_of,
    rank,
)


@pytest.mark.parametrize(("text", "ports"), [
    ("", (0, 0)), ("50000-50100", (50000, 50100)), (" 50000 - 50000 ", (50000, 50000)),
    ("1024-65535", (1024, 65535)),
])  # fmt: skip
def test_ports_are_read(text: str, ports: tuple[int, int]) -> None:
    assert ports_of(text) == ports


@pytest.mark.parametrize(
    "text", ["50000", "50100-50000", "80-90", "50000-70000", "a-b", "0-0", "-1-5", "1-2-3"]
)
def test_ports_that_cannot_be_meant_say_how_to_write_them(text: str) -> None:
    with pytest.raises(ValueError, match="50000-50100"):
        ports_of(text)


def test_addresses_are_read() -> None:
    assert address_of(" 203.0.113.7 ") == "203.0.113.7"
    assert address_of("2001:DB8:0::7") == "2001:db8::7"
    with pytest.raises(ValueError, match="such as"):
        address_of("door.example.org")


def test_ports_of_a_network_are_tried_in_their_order() -> None:
    assert list(Network().ports) == [0]
    assert list(Network(first_port=50000, last_port=50002).ports) == [50000, 50001, 50002]


def test_the_default_route_comes_first_and_bridges_last() -> None:
    interfaces = [
        ("docker0", ["172.17.0.1"]),
        ("eth0", ["192.168.1.5", "fd00::5"]),
        ("br-0123456789ab", ["172.18.0.1"]),
        ("wlan0", ["192.168.2.5"]),
    ]
    assert rank(interfaces, ["192.168.2.5", "fd00::5"]) == [
        "192.168.2.5", "fd00::5", "192.168.1.5", "172.17.0.1", "172.18.0.1",
    ]  # fmt: skip


def test_many_interfaces_are_bounded() -> None:
    bridges = [(f"veth{n}", [f"172.20.{n}.1"]) for n in range(40)]
    found = rank([*bridges, ("eth0", ["192.168.1.5"])], [])
    assert len(found) == HOST_LIMIT
    assert found[0] == "192.168.1.5"


def test_of_many_addresses_of_one_interface_two_of_each_family_are_taken() -> None:
    temporary = [f"2001:db8::{n}" for n in range(1, 9)]
    found = rank([("eth0", ["192.168.1.5", *temporary]), ("eth1", ["192.168.2.5"])], [])
    assert found == ["192.168.1.5", "2001:db8::1", "2001:db8::2", "192.168.2.5"]


def test_a_default_route_that_is_on_no_interface_is_not_believed() -> None:
    assert rank([("eth0", ["192.168.1.5"])], ["10.9.9.9"]) == ["192.168.1.5"]


def test_this_machine_has_addresses_without_loopback_unless_asked() -> None:
    plain = [ipaddress.ip_address(text) for text in host_addresses()]
    assert plain
    assert len(plain) <= HOST_LIMIT
    alone = all(address.is_loopback for address in plain)
    assert alone or not any(address.is_loopback for address in plain)
    assert "127.0.0.1" in host_addresses(Network(loopback=True))
