"""A real Caddy in front of a server, set up by the lines that docs/one-pi.md shows."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scripts.stack import ROOT, free_port, listens, wait_until

GUIDE = ROOT / "docs" / "one-pi.md"
NAME, SERVER = "door.example.org", "127.0.0.1:8080"
# Caddy would otherwise listen on port 80 and for its administrator, and ask for a certificate.
ALONE = "{\n\tadmin off\n\tauto_https off\n}\n"


@dataclass(frozen=True, slots=True)
class Https:
    """Where Caddy answers, and the hash of its key by which a browser may know it."""

    port: int
    key_hash: str

    @property
    def address(self) -> str:
        return f"https://localhost:{self.port}"


def guide_lines() -> str:
    """The Caddyfile of the guide."""
    found = re.search(rf"^ +{re.escape(NAME)} \{{\n.*?\n +\}}$", GUIDE.read_text("utf-8"),
                      re.MULTILINE | re.DOTALL)  # fmt: skip
    if found is None:
        raise ValueError("docs/one-pi.md shows no Caddyfile.")
    return found.group()


@contextlib.contextmanager
def caddy_before(server_port: int, folder: Path, port: int) -> Iterator[Https]:
    """Caddy on `port`, passing everything to a server on loopback."""
    folder.mkdir(parents=True)
    key_hash = _certificate(folder)
    (folder / "Caddyfile").write_text(ALONE + _for_this_test(server_port, folder, port))
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [shutil.which("caddy") or "caddy", "run", "--config", str(folder / "Caddyfile"),
             "--adapter", "caddyfile"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    try:
        wait_until("Caddy's start", lambda: listens(port))
        yield Https(port, key_hash)
    finally:
        child.terminate()
        child.wait(10)


def a_port() -> int:
    """A port that nobody has now."""
    return free_port()


def _for_this_test(server_port: int, folder: Path, port: int) -> str:
    lines = guide_lines().replace(NAME, f"https://localhost:{port}")
    lines = lines.replace(SERVER, f"127.0.0.1:{server_port}")
    certificate = f"\ttls {folder}/cert.pem {folder}/key.pem\n"
    head, brace, rest = lines.partition("{\n")
    return head + brace + certificate + rest + "\n"


def _certificate(folder: Path) -> str:
    """Write a certificate for localhost; the SHA-256 of its public key, as Chromium takes it."""
    issued = trustme.CA().issue_cert("localhost")
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    (folder / "cert.pem").write_bytes(chain)
    issued.private_key_pem.write_to_path(folder / "key.pem")
    key = x509.load_pem_x509_certificate(chain).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
