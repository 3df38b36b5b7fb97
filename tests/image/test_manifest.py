"""Manifests for Raspberry Pi Imager: true figures, complete entries, one sentence for the rest."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from image.manifest.__main__ import main
from image.manifest.entry import OsList

# Imager's own schema is not ours to copy; whoever has it names it here.
SCHEMA = os.environ.get("RPI_IMAGER_SCHEMA")
DISK = bytes(510) + b"\x55\xaa" + bytes(100_000)


def disk(folder: Path, name: str) -> Path:
    """A very small disk, packed as its name says."""
    path = folder / name
    match path.suffix:
        case ".xz":
            path.write_bytes(lzma.compress(DISK))
        case ".gz":
            path.write_bytes(gzip.compress(DISK))
        case _:
            path.write_bytes(DISK)
    return path


def manifest(image: Path, *more: str) -> dict[str, Any]:
    out = image.with_suffix(".rpi-imager-manifest")
    assert main([str(image), "--out", str(out), "--release-date", "2026-11-23", *more]) == 0
    told: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return told


@pytest.mark.parametrize("name", ["d.img", "d.img.xz", "d.img.gz"])
def test_figures_are_those_of_the_disk_and_of_the_download(tmp_path: Path, name: str) -> None:
    image = disk(tmp_path, name)
    (entry,) = manifest(image)["os_list"]
    assert entry["extract_size"] == len(DISK)
    assert entry["extract_sha256"] == hashlib.sha256(DISK).hexdigest()
    assert entry["image_download_size"] == image.stat().st_size
    assert entry["image_download_sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()


def test_an_image_here_and_one_in_the_web(tmp_path: Path) -> None:
    image = disk(tmp_path, "door.img.xz")
    (here,) = manifest(image)["os_list"]
    (there,) = manifest(image, "--base-url", "https://example.org/images/")["os_list"]
    assert here["url"] == image.as_uri()
    assert there["url"] == "https://example.org/images/door.img.xz"
    assert Path(here["icon"].removeprefix("file://")).is_file()


def test_imager_may_set_up_what_the_image_understands(tmp_path: Path) -> None:
    image = disk(tmp_path, "d.img")
    (entry,) = manifest(image)["os_list"]
    assert entry["init_format"] == "cloudinit-rpi"
    assert entry["devices"] == ["pi3-64bit", "pi4-64bit", "pi5-64bit"]
    more = ("--init-format", "systemd", "--device", "pi4-64bit")
    (entry,) = manifest(image, *more)["os_list"]
    assert (entry["init_format"], entry["devices"]) == ("systemd", ["pi4-64bit"])


def test_the_manifest_holds_what_our_own_schema_asks_for(tmp_path: Path) -> None:
    schema = OsList.model_json_schema()
    told = manifest(disk(tmp_path, "d.img"))
    jsonschema_rs.validate(schema, told)
    del told["os_list"][0]["extract_sha256"]
    assert not jsonschema_rs.is_valid(schema, told)


@pytest.mark.skipif(SCHEMA is None, reason="RPI_IMAGER_SCHEMA names no copy of Imager's schema")
def test_imagers_own_schema_takes_the_manifest(tmp_path: Path) -> None:
    schema = json.loads(Path(str(SCHEMA)).read_text("utf-8"))
    told = manifest(disk(tmp_path, "d.img"))
    jsonschema_rs.validate(schema, told)
    del told["os_list"][0]["extract_sha256"]
    assert not jsonschema_rs.is_valid(schema, told)


@pytest.mark.parametrize(
    ("name", "content", "more", "says"),
    [
        ("d.img", b"no disk", (), "no partition table"),
        ("d.img.xz", lzma.compress(DISK)[:-20], (), "cut off"),
        ("d.img.gz", b"\x1f\x8b\x08nonsense", (), "make it again"),
        ("d.zip", DISK, (), "neither .img nor"),
        ("d.img", DISK, ("--base-url", "ftp://example.org"), "url cannot be so"),
        ("d.img", DISK, ("--release-date", "today"), "release_date cannot be so"),
        ("d.img", DISK, ("--name", ""), "name cannot be so"),
        ("d.img", DISK, ("--icon", "door.png"), "icon cannot be so"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path,
    name: str,
    content: bytes,
    more: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "out"
    assert main([str(tmp_path / name), "--out", str(out), *more]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert len(told.err.splitlines()) == 1
    assert not out.exists()


def test_an_image_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no.img"), "--out", str(tmp_path / "out")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
