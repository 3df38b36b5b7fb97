"""Where a request comes from and who it says it is, before anything about it is checked."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from protocol.errors import RemoteProtocolError
from protocol.identity import claimed_issuer

# One line gets at least this much of IPv6, and can take any address of it at will (RFC 6177).
_IPV6_PREFIX = 64
# Longer than any token of ours; nobody's junk is parsed before it is counted.
_TOKEN_LIMIT = 4096
_ID_LIMIT = 64


def network_of(scope: Scope) -> str:
    """The client's IPv4 address or IPv6 network; behind a trusted proxy, as the proxy says."""
    client = scope.get("client")
    if not client:
        return "local"
    try:
        address = ip_address(str(client[0]).partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, _IPV6_PREFIX), strict=False).network_address)
    return str(address)


def claimed_by(scope: Scope) -> str | None:
    """The phone, doorbell or view token that the request names; anyone can name it."""
    token = _token_of(scope)
    if not token or len(token) > _TOKEN_LIMIT:
        return None
    if token.startswith(("dsv_", "dsr_")):
        return "_".join(token.split("_")[:2])[:_ID_LIMIT]
    try:
        return claimed_issuer(token)[0][:_ID_LIMIT]
    except RemoteProtocolError:
        return None


def _token_of(scope: Scope) -> str:
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    query = bytes(scope.get("query_string", b""))[: 2 * _TOKEN_LIMIT].decode("latin-1")
    return parse_qs(query).get("token", [""])[0] if "token=" in query else ""
