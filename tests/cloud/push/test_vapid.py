"""The server's push key: made once, private, never replaced by accident."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.push.vapid import VapidKey
from protocol.pairing import decode


def test_the_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "vapid.pem"
    first = VapidKey.load_or_create(path)
    assert VapidKey.load_or_create(path).public_key == first.public_key


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    VapidKey.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_public_key_is_an_uncompressed_point(tmp_path: Path) -> None:
    point = decode(VapidKey.load_or_create(tmp_path / "vapid.pem").public_key)
    assert (len(point), point[0]) == (65, 4)


def test_a_key_cut_short_before_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "vapid.part").write_bytes(b"-----BEGIN")
    VapidKey.load_or_create(tmp_path / "vapid.pem")
    assert not (tmp_path / "vapid.part").exists()


def test_a_foreign_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"not a private key in PEM form"):
        VapidKey.load_or_create(path)
    assert path.read_text() == "hello"


def test_a_key_of_another_curve_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    path.write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(ValueError, match=r"P-256"):
        VapidKey.load_or_create(path)
