"""Make a signed update from a built package tree, and the keys that sign it.

python -m scripts.bundle key release.pem
    a new private key, and release.pub.pem for the package
python -m scripts.bundle make --key release.pem --version 1.4.2 --from TREE
    [--suite trixie] [--floor 1.3.0] [--notes FILE] [--out FOLDER]
    TREE is a built package (.deb), or usr/lib/doorstep/venv of one
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from protocol.base import describe
from protocol.errors import LocalProtocolError
from protocol.identity import Identity
from protocol.jws import seal
from protocol.pairing import encode
from protocol.updates import BUNDLE_MAGIC, UPDATE_TYP, Manifest, manifest_name

SUITES = {"3.11": "bookworm", "3.13": "trixie"}
# e_machine of an ELF header (elf(5)), with its class: 1 is 32 bits, 2 is 64.
MACHINES = {(62, 2): "amd64", (183, 2): "arm64", (40, 1): "armhf"}


class BundleError(RuntimeError):
    """There is no bundle; one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a person says of a release; the rest is read from the tree."""

    version: str
    floor: str
    notes: str
    suite: str | None = None


def make(tree: Path, release: Release, signer: Identity, out: Path) -> Path:
    """The bundle, and its signed line alone beside it. BundleError, OSError."""
    out.mkdir(parents=True, exist_ok=True)
    _check_version(tree, release.version)
    payload = out / "payload.tar.xz"
    try:
        manifest = _manifest(tree, release, payload)
        line = f"{seal(signer, UPDATE_TYP, manifest)}\n".encode("ascii")
        bundle = out / manifest.file_name
        with bundle.open("wb") as file, payload.open("rb") as packed:
            file.write(BUNDLE_MAGIC + line)
            while piece := packed.read(2**20):
                file.write(piece)
    except ValidationError as error:
        raise BundleError(f"The release cannot be described: {describe(error)}") from error
    except LocalProtocolError as error:
        raise BundleError("The notes are too long. 2000 characters are allowed.") from error
    finally:
        payload.unlink(missing_ok=True)
    (out / manifest_name(manifest.suite, manifest.architecture)).write_bytes(line)
    return bundle


def new_key(path: Path) -> Path:
    """A private key, and its public half beside it, which is returned. BundleError."""
    if path.exists():
        raise BundleError(f"{path} is there already. A key is not written over.")
    public = path.with_suffix(".pub.pem")
    key = serialization.load_der_public_key(Identity.load_or_create(path).public.spki)
    public.write_bytes(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return public


def _manifest(tree: Path, release: Release, payload: Path) -> Manifest:
    members = list(_members(tree))
    python = _python_of(tree)
    suite = release.suite or SUITES.get(python)
    if suite is None:
        raise BundleError(f"No suite has Python {python}. Say it with --suite.")
    _pack(tree, members, payload)
    with payload.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return Manifest(
        version=release.version,
        suite=suite,
        architecture=_architecture_of(tree),
        python=python,
        size=payload.stat().st_size,
        sha256=encode(digest),
        unpacked=sum(path.lstat().st_size for path in members if not path.is_symlink()),
        files=len(members),
        floor=release.floor,
        notes=release.notes.strip(),
    )


def _members(tree: Path) -> Iterator[Path]:
    """Files and links; `bin` stays behind, as the interpreter is the doorbell's own."""
    for path in sorted(tree.rglob("*")):
        if path.relative_to(tree).parts[0] == "bin":
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(tree.resolve()):
            raise BundleError(f"{path} leads out of the tree. Remove it, or copy what it names.")
        if path.is_symlink() or path.is_file():
            yield path


def _pack(tree: Path, members: Sequence[Path], payload: Path) -> None:
    with (
        lzma.open(payload, "wb", preset=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in members:
            member = tar.gettarinfo(path, str(path.relative_to(tree)))
            # A second name of one file is a file of its own: links are few and symbolic.
            if path.is_file() and not path.is_symlink():
                member.type, member.size = tarfile.REGTYPE, path.stat().st_size
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = _time_of(path)
            if member.isreg():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)


def _time_of(path: Path) -> int:
    """SOURCE_DATE_EPOCH where it is set, for bundles that come out the same twice."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", "") or path.lstat().st_mtime)


def _check_version(tree: Path, version: str) -> None:
    """The doorbell asks the new version how it is called before it trusts it."""
    found = [path.name for path in tree.glob("lib/python3*/site-packages/doorstep-*.dist-info")]
    if not found:
        raise BundleError(
            f"{tree} is no tree of Doorstep. Name usr/lib/doorstep/venv of a package."
        )
    is_called = found[0].removeprefix("doorstep-").removesuffix(".dist-info").partition("+")[0]
    if is_called != version:
        raise BundleError(f"The tree calls itself {is_called}. Build it as {version} first.")


def _python_of(tree: Path) -> str:
    return next(path.name.removeprefix("python") for path in tree.glob("lib/python3*"))


def _architecture_of(tree: Path) -> str:
    """Of its compiled modules, which all have the same."""
    for path in sorted(tree.rglob("*.so")):
        with path.open("rb") as file:
            head = file.read(20)
        if head[:4] == b"\x7fELF" and len(head) == 20:
            found = MACHINES.get((int.from_bytes(head[18:20], "little"), head[4]))
            if found is not None:
                return found
    raise BundleError(f"Nothing in {tree} tells for which processor it is.")


def main(arguments: Sequence[str]) -> int:
    """Make a key or a bundle; 2 when it cannot be done."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.command == "key":
            print(f"{chosen.path}: keep it offline. {new_key(chosen.path)}: for the package.")
        else:
            print(_made(chosen))
    except (BundleError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _made(chosen: argparse.Namespace) -> Path:
    if not chosen.key.is_file():
        raise BundleError(f"{chosen.key} is not there. Make it with `scripts.bundle key`.")
    notes = chosen.notes.read_text("utf-8") if chosen.notes else ""
    release = Release(chosen.version, chosen.floor, notes, chosen.suite)
    with _tree_in(chosen.tree) as tree:
        return make(tree, release, Identity.load_or_create(chosen.key), chosen.out)


@contextlib.contextmanager
def _tree_in(path: Path) -> Iterator[Path]:
    """Of a package the tree inside; anything else as it is. BundleError."""
    if path.suffix != ".deb":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(("dpkg-deb", "-x", str(path), folder), check=False)
        if done.returncode:
            raise BundleError(f"{path} cannot be opened. Build it with `make deb`.")
        yield Path(folder) / "usr/lib/doorstep/venv"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.bundle")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("key").add_argument("path", type=Path)
    maker = commands.add_parser("make")
    maker.add_argument("--key", type=Path, required=True)
    maker.add_argument("--version", required=True)
    maker.add_argument("--from", dest="tree", type=Path, required=True)
    maker.add_argument("--suite")
    maker.add_argument("--floor", default="0.0", help="versions below are refused for ever")
    maker.add_argument("--notes", type=Path)
    maker.add_argument("--out", type=Path, default=Path("image/out"))
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
