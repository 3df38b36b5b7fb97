"""What is not signed, not whole or not clean is refused in one sentence and changes nothing."""

from __future__ import annotations

import lzma
import os
import tarfile
from pathlib import Path

import pytest

from protocol.identity import Identity
from protocol.jws import seal
from protocol.updates import BUNDLE_MAGIC, Manifest, read_manifest
from tests.support.update_bundles import bundle_of, link, member, packed, signed
from tests.support.update_rig import Rig
from updater.disk import Disk
from updater.errors import UpdateError
from updater.unpack import unpack

SIGNER, STRANGER = Identity.generate(), Identity.generate()
OUT = "/tmp/doorstep-escaped"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, [SIGNER])


def refused(rig: Rig, bundle: bytes) -> UpdateError:
    """The refusal, after which everything is as before."""
    with pytest.raises(UpdateError) as refusal:
        rig.install(bundle)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) <= 300
    assert rig.door.restarts == []
    assert rig.store.state.step == "idle"
    assert list(rig.store.slots.iterdir()) == []
    assert not rig.store.incoming.exists()
    assert rig.store.progress().detail == sentence
    return refusal.value


def test_a_key_that_is_not_trusted(rig: Rig, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", STRANGER).read_bytes()
    assert refused(rig, bundle).trouble == "signature"


def test_any_of_several_keys_counts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [STRANGER, SIGNER])
    rig.install(bundle_of(tmp_path, "1.2.0", SIGNER))
    assert rig.in_force() == "1.2.0"


def test_without_any_key_updates_are_off(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    assert refused(Rig(tmp_path, []), bundle).trouble == "keys"


def test_a_statement_of_another_kind(rig: Rig, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    manifest = _manifest_of(bundle)
    line = seal(SIGNER, "doorstep-offer+jws", manifest).encode()
    payload = bundle.split(b"\n", 2)[2]
    assert refused(rig, BUNDLE_MAGIC + line + b"\n" + payload).trouble == "signature"


def test_every_flipped_bit_of_the_header_is_noticed(rig: Rig, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    end = len(BUNDLE_MAGIC) + bundle[len(BUNDLE_MAGIC) :].index(b"\n") + 1
    for place in range(end):
        flipped = bytearray(bundle)
        flipped[place] ^= 1 << place % 7
        assert refused(rig, bytes(flipped)).trouble in ("signature", "broken")


def test_flipped_bits_of_the_payload_are_noticed(rig: Rig, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    start = bundle.index(b"\xfd7zXZ")
    for place in range(start, len(bundle), 37):
        flipped = bytearray(bundle)
        flipped[place] ^= 1
        assert refused(rig, bytes(flipped)).trouble == "broken"


@pytest.mark.parametrize("left", [0, 5, 18, 300, -1000, -1])
def test_a_truncated_bundle(rig: Rig, tmp_path: Path, left: int) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    error = refused(rig, bundle[:left])
    assert error.trouble == "broken"
    assert "Download it again" in str(error)


def test_a_bundle_with_more_behind_it(rig: Rig, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "1.2.0", SIGNER).read_bytes()
    assert "longer" in str(refused(rig, bundle + b"\0"))


@pytest.mark.parametrize(
    "claims", [{"suite": "bookworm"}, {"architecture": "amd64"}, {"python": "3.11"}]
)
def test_a_bundle_for_another_system(rig: Rig, claims: dict[str, str]) -> None:
    error = refused(rig, signed(packed([member("pyvenv.cfg")]), SIGNER, **claims))
    assert error.trouble == "wrong_system"
    assert "trixie on arm64 with Python 3.13" in str(error)


def test_no_room(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("updater.install.SPARE_BYTES", 2**60)
    error = refused(rig, signed(packed([member("pyvenv.cfg")]), SIGNER))
    assert error.trouble == "space"
    assert "MB are free" in str(error)


EVIL = {
    "absolute": [member("/tmp/doorstep-escaped")],
    "dots": [member("lib/../../../doorstep-escaped")],
    "only dots": [member("..")],
    "backslash": [member("..\\doorstep-escaped")],
    "link out": [link("lib", "../../..")],
    "absolute link": [link("lib", "/tmp")],
    "link out by its folder": [link("a/b", "../../x")],
    "file through a link": [link("lib", "."), member("lib/x")],
    "link over a file": [member("lib", b"x"), link("lib", "pyvenv.cfg")],
    "file over a file": [member("lib", b"x"), member("./lib", b"y")],
    "file where a folder is": [member("lib/x", b"x"), member("lib", b"y")],
    "folder where a file is": [member("lib", b"x"), member("lib/x", b"y")],
    "hard link": [member("a", b"x"), link("b", "a", tarfile.LNKTYPE)],
    "pipe": [link("a", "", tarfile.FIFOTYPE)],
    "device": [link("a", "", tarfile.CHRTYPE)],
    "nothing": [],
    "no programs": [member("README", b"x")],
}


@pytest.mark.parametrize("members", EVIL.values(), ids=EVIL)
def test_a_signed_bundle_that_is_not_clean_is_refused_all_the_same(
    rig: Rig, tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    before = {path for path in tmp_path.rglob("*") if "updates" not in path.parts}
    payload = packed(members)
    files = max(1, sum(1 for info, _ in members if not info.isdir()))
    assert refused(rig, signed(payload, SIGNER, files=files)).trouble == "broken"
    after = {path for path in tmp_path.rglob("*") if "updates" not in path.parts}
    assert after - before == {tmp_path / "brought"}
    assert not Path(OUT).exists()


def test_neither_more_bytes_nor_more_files_than_it_says(rig: Rig) -> None:
    payload = packed([member("pyvenv.cfg"), member("big", bytes(5000))])
    assert "more than it says" in str(refused(rig, signed(payload, SIGNER, files=2, unpacked=4999)))
    assert "more than it says" in str(refused(rig, signed(payload, SIGNER, files=1)))
    assert "fewer files" in str(refused(rig, signed(payload, SIGNER, files=3)))


@pytest.mark.parametrize(
    ("kind", "words"), [(tarfile.REGTYPE, "holds more"), (tarfile.XHDTYPE, "unpacks to more")]
)
def test_a_bomb_is_put_out_before_it_fills_card_or_memory(
    rig: Rig, kind: bytes, words: str
) -> None:
    """64 MB of zeros in 10 kB: as a file, and as the long name of one, which tar would keep."""
    info = tarfile.TarInfo("zeros")
    info.size, info.type = 2**26, kind
    compressor = lzma.LZMACompressor()
    bomb = compressor.compress(info.tobuf(tarfile.GNU_FORMAT))
    for _ in range(64):
        bomb += compressor.compress(bytes(2**20))
    bomb += compressor.flush()
    assert len(bomb) < 20_000
    assert words in str(refused(rig, signed(bomb, SIGNER, files=2, unpacked=100_000)))


def test_setuid_and_open_rights_do_not_come_out(tmp_path: Path) -> None:
    def bold(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mode, info.uid, info.uname = 0o6777, 1234, "somebody"
        return info

    payload = packed([member("pyvenv.cfg", b"x", bold), member("plain", b"y")])
    raw, out = tmp_path / "payload", tmp_path / "out"
    raw.write_bytes(payload)
    unpack(raw, out, _manifest_of(signed(payload, SIGNER, files=2)), Disk())
    assert (out / "pyvenv.cfg").stat().st_mode & 0o7777 == 0o755
    assert (out / "plain").stat().st_mode & 0o7777 == 0o644
    assert (out / "plain").stat().st_uid == os.getuid()


def _manifest_of(bundle: bytes) -> Manifest:
    return read_manifest(bundle.split(b"\n")[1].decode(), (SIGNER.public,))
