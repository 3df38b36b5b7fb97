"""Which local addresses and ports a connection may use, and under which others it is reached."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ifaddr

# Every address is checked against every one of the peer's: a dozen bridges of containers would
# hold up the one that works.
HOST_LIMIT = 6
# An interface has a stable and a few temporary IPv6 addresses; two of them reach as far as all.
PER_INTERFACE_LIMIT = 2
# Bridges and their ends, inside this machine: a peer is there only in tests, so they come last.
INTERNAL = re.compile(r"(docker|br-|veth|virbr|cni|flannel|podman|lxc|lxd|vmnet|vboxnet|kube)")
# Documentation addresses (RFC 5737, RFC 3849): asking for a route to them sends nothing.
FAR_AWAY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
PORT_LIMIT = 65_535
# A call needs a port for each address of the machine, and several calls may be open at once.
LOWEST_PORT = 1024


@dataclass(frozen=True, slots=True)
class Network:
    """How media reaches this machine. Both ports 0: the system chooses them.

    `public_addresses` are told to peers as well, with the ports of the main address: those of a
    1:1 NAT or of a router that forwards the ports. `relay_only` uses TURN and nothing else;
    `loopback` lets programs on the same machine connect without any network.
    """

    first_port: int = 0
    last_port: int = 0
    public_addresses: tuple[str, ...] = ()
    relay_only: bool = False
    loopback: bool = False

    @property
    def ports(self) -> range:
        """What may be bound, in the order of trying."""
        return range(self.first_port, self.last_port + 1)


ANY_NETWORK = Network()


def ports_of(text: str) -> tuple[int, int]:
    """First and last port of "50000-50100"; an empty text is (0, 0). ValueError says the remedy."""
    if not text:
        return 0, 0
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text.replace(" ", ""))
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not LOWEST_PORT <= first <= last <= PORT_LIMIT:
        raise ValueError(f"write it as 50000-50100, from {LOWEST_PORT} to {PORT_LIMIT}")
    return first, last


def checked_ports(text: str) -> str:
    """The text, when it is one for `ports_of`. ValueError says the remedy."""
    ports_of(text)
    return text


def address_of(text: str) -> str:
    """An IP address in its usual form. ValueError says the remedy."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError as error:
        raise ValueError("write it as an address, such as 203.0.113.7 or 2001:db8::7") from error


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET or AF_INET6 of a numeric address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def host_addresses(network: Network = ANY_NETWORK) -> list[str]:
    """This machine's addresses, the most promising first, HOST_LIMIT at most.

    Loopback stands alone when there is no network at all, and last with `network.loopback`.
    """
    interfaces = [
        (adapter.nice_name, list(_usable(adapter.ips))) for adapter in ifaddr.get_adapters()
    ]
    main = [address for family, far in FAR_AWAY if (address := _route_to(family, far))]
    found = rank(interfaces, main)
    if network.loopback or not found:
        found = [*found[: HOST_LIMIT - 2], "127.0.0.1", *(["::1"] if _has_ipv6() else [])]
    return found


def rank(interfaces: Iterable[tuple[str, list[str]]], main: Iterable[str]) -> list[str]:
    """Addresses by promise: those of the default route, of interfaces, of internal bridges."""
    ordered = sorted(interfaces, key=lambda interface: bool(INTERNAL.match(interface[0])))
    known = {address for _, addresses in ordered for address in addresses}
    few: list[str] = [address for address in main if address in known]
    for _, addresses in ordered:
        for family in (socket.AF_INET, socket.AF_INET6):
            same = [address for address in addresses if family_of(address) is family]
            few += same[:PER_INTERFACE_LIMIT]
    return list(dict.fromkeys(few))[:HOST_LIMIT]


def _usable(ips: Iterable[ifaddr.IP]) -> Iterator[str]:
    """Without loopback, and without IPv6 addresses that need an interface's name."""
    for ip in ips:
        text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        address = ipaddress.ip_address(text.partition("%")[0])
        scoped = address.version == 6 and address.is_link_local
        if not (address.is_loopback or address.is_unspecified or scoped):
            yield str(address)


def _route_to(family: socket.AddressFamily, far: str) -> str | None:
    """The address that packets to `far` would carry; None without a route."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            address: str = probe.getsockname()[0]
            return address
    except OSError:
        return None


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False
