"""Tokens of other software: made by an admin on the doorbell, which shows their secret once.

`dsv_<id>_<secret>` looks at a doorbell, and the doorbell alone knows whether it may. `dsr_…`
records for one; of these the server knows the hashes.
"""

from __future__ import annotations

import hmac
import re

from starlette.requests import HTTPConnection, Request

from cloud.shared.auth import bearer_of, unauthorized
from protocol.jws import hash_of

_VIEW = re.compile(r"dsv_[a-z2-7]{8}_[A-Za-z0-9_-]{43}")
_RECORD = "dsr_"


def view_token_of(request: Request) -> str | None:
    """The view token of the address or the header; None when there is neither.

    ProblemError 401 for one that cannot be right. A token in the address is one for looking only.
    """
    given = request.query_params.get("token")
    if given is None:
        given = _bearer_like(request, "dsv_")
    if given is not None and not _VIEW.fullmatch(given):
        detail = "This is no view token. Copy it again, or ask an admin for a new one."
        raise unauthorized(detail)
    return given


def record_token_of(connection: HTTPConnection) -> str | None:
    """The record token of the header, and of nowhere else: addresses end up in logs."""
    return _bearer_like(connection, _RECORD)


def is_of(token: str, kept_hash: str) -> bool:
    """Whether `kept_hash` is the token's; takes as long whatever they are."""
    return hmac.compare_digest(hash_of(token), kept_hash)


def id_in(token: str) -> str:
    """The part of a token that is no secret: its own id."""
    return token.split("_", 2)[1]


def _bearer_like(connection: HTTPConnection, prefix: str) -> str | None:
    if "authorization" not in connection.headers:
        return None
    token = bearer_of(connection)
    return token if token.startswith(prefix) else None
