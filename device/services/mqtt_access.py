"""How the doorbell gets in at a broker, and what to say when it does not."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path
from typing import Protocol

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

# "Bad user name or password" and "Not authorized" (MQTT 5 section 2.4; paho translates older ones).
_NOT_LET_IN = (0x86, 0x87)


class AccessSettings(Protocol):
    """Where the broker is and who we are there; `device.settings.MqttSettings` in the doorbell."""

    @property
    def host(self) -> str | None: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password_file(self) -> Path | None: ...
    @property
    def ca_file(self) -> Path | None: ...
    @property
    def certificate_file(self) -> Path | None: ...
    @property
    def key_file(self) -> Path | None: ...


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def password_of(settings: AccessSettings) -> str | None:
    """The first line of the password's file. Raises OSError."""
    file = settings.password_file
    return file.read_text("utf-8").partition("\n")[0].strip() if file else None


def trust_of(settings: AccessSettings) -> ssl.SSLContext | None:
    """TLS that trusts nothing but `ca_file`; None without one. Raises OSError that names a file."""
    authority = settings.ca_file
    if authority is None:
        return None
    pem = authority.read_bytes()
    try:
        trust = ssl.create_default_context(cadata=pem.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        detail = "There is no certificate in PEM in it"
        raise OSError(errno.EINVAL, detail, str(authority)) from error
    trust.sslsocket_class = _TidySocket
    if settings.certificate_file is not None:
        _show_own(trust, settings.certificate_file, settings.key_file)
    return trust


def trouble_with(error: BaseException, settings: AccessSettings) -> str:
    """Why there is no connection and what can be done about it, in one or two sentences."""
    where, cause = f"{settings.host}:{settings.port}", _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"The certificate of the broker at {where} does not fit ({cause.verify_message}). "
            f"Check mqtt.host and mqtt.ca_file, or who answers there."
        )
    if isinstance(cause, ssl.SSLError):
        return f"The broker at {where} does not speak TLS. Check mqtt.port, or unset mqtt.ca_file."
    if isinstance(cause, OSError) and cause.filename is not None:
        return f"{cause.filename}: {cause.strerror}. Check the mqtt settings."
    if _is_refusal(cause):
        return (
            f"The broker at {where} does not let the doorbell in. "
            f"Check mqtt.username and mqtt.password_file."
        )
    return f"The broker at {where} is away. Check that it runs, and the mqtt settings."


def _show_own(trust: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    for file in (certificate, key):
        if file is not None:
            # The error of `load_cert_chain` would not tell which one is missing.
            file.read_bytes()
    try:
        trust.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        detail = "There is no certificate with its key in it"
        raise OSError(errno.EINVAL, detail, str(certificate)) from error


def _cause(error: BaseException) -> BaseException:
    # aiomqtt hides what Python's own TLS and sockets had to say behind its own words.
    hidden = error.__context__
    return hidden if isinstance(error, aiomqtt.MqttError) and isinstance(hidden, OSError) else error


def _is_refusal(error: BaseException) -> bool:
    if not isinstance(error, aiomqtt.MqttCodeError) or not isinstance(error.rc, ReasonCode):
        return False
    return error.rc.value in _NOT_LET_IN
