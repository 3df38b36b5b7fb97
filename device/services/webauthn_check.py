"""What `webauthn` is asked, and its errors as one kind. Imported at first use only."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from protocol.pairing import encode

log = logging.getLogger(__name__)

# One curve for everything here, and every phone has it.
ALGORITHMS = [COSEAlgorithmIdentifier.ECDSA_SHA_256]


class PasskeyCheckError(ValueError):
    """What the authenticator returned does not hold."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential: its id, its key (COSE) and its counter."""

    credential: bytes
    public_key: bytes
    sign_count: int


def registration(
    credential: bytes, client_data: bytes, attestation: bytes, *, challenge: bytes, rp_id: str,
    origin: str,
) -> Made:  # fmt: skip
    """Check `navigator.credentials.create` (WebAuthn section 7.1). PasskeyCheckError."""
    response = AuthenticatorAttestationResponse(client_data, attestation)
    try:
        made = verify_registration_response(
            credential=RegistrationCredential(encode(credential), credential, response),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        _check_curve(made.credential_public_key)
    except Exception as error:
        # A stranger's bytes: the library names its own faults, its parsers do not name theirs.
        log.info("a new passkey does not hold: %s", type(error).__name__)
        raise PasskeyCheckError("The registration does not hold.") from error
    if made.credential_id != credential:
        raise PasskeyCheckError("The registration is of another credential than it says.")
    return Made(made.credential_id, made.credential_public_key, made.sign_count)


def assertion(
    credential: bytes, client_data: bytes, authenticator_data: bytes, signature: bytes, *,
    challenge: bytes, rp_id: str, origin: str, public_key: bytes, sign_count: int,
) -> int:  # fmt: skip
    """Check `navigator.credentials.get` (section 7.2); the new counter. PasskeyCheckError."""
    response = AuthenticatorAssertionResponse(client_data, authenticator_data, signature)
    try:
        confirmed = verify_authentication_response(
            credential=AuthenticationCredential(encode(credential), credential, response),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:
        log.info("a passkey does not confirm: %s", type(error).__name__)
        raise PasskeyCheckError("The assertion does not hold.") from error
    return confirmed.new_sign_count


def _check_curve(public_key: bytes) -> None:
    """The library looks at a key's point only when it verifies with it, which would be too late."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise PasskeyCheckError("The key is not a P-256 key.")
