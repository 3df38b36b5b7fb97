"""ICE servers with credentials that expire, as coturn checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from cloud.shared.ice import CREDENTIAL_LIFE_S, IceBook
from cloud.shared.settings import Ice
from protocol.settings import SettingsError

NOW_S = 1_700_000_000.0
TURN = "turn:turn.example:3478?transport=udp"


def test_credentials_are_coturns(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("shared\n")
    book = IceBook(
        Ice(stun=("stun:s.example",), turn=(TURN,), turn_secret_file=secret), lambda: NOW_S
    )
    stun, turn = book.servers("anna").ice_servers
    assert stun.urls == ("stun:s.example",)
    assert turn.username == f"{int(NOW_S) + CREDENTIAL_LIFE_S}:anna"
    digest = hmac.digest(b"shared", turn.username.encode(), hashlib.sha1)
    assert turn.credential == base64.b64encode(digest).decode()
    assert book.servers("anna").expires_ms == (int(NOW_S) + CREDENTIAL_LIFE_S) * 1000


def test_credentials_live_ten_minutes_and_are_of_one_user(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("shared")
    book = IceBook(Ice(turn=(TURN,), turn_secret_file=secret), lambda: NOW_S)
    (phone,), (doorbell,) = (book.servers(user).ice_servers for user in ("phone", "doorbell"))
    assert CREDENTIAL_LIFE_S <= 600
    assert (phone.username, phone.credential) != (doorbell.username, doorbell.credential)
    assert phone.credential != doorbell.credential


def test_the_link_header_carries_the_same(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("shared")
    book = IceBook(
        Ice(stun=("stun:s.example",), turn=(TURN,), turn_secret_file=secret), lambda: NOW_S
    )
    stun, turn = book.links("anna")
    assert stun == '<stun:s.example>; rel="ice-server"'
    assert turn.startswith(f'<{TURN}>; rel="ice-server"; username="')
    assert turn.endswith('credential-type="password"')


def test_a_missing_secret_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="turn_secret_file"):
        IceBook(Ice(turn=(TURN,), turn_secret_file=tmp_path / "none"), lambda: NOW_S)
