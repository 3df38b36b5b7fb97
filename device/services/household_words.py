"""What the audit log says of changes in the household: a sentence each, 300 characters at most."""

from __future__ import annotations

from protocol.door import Phone
from protocol.household import Access, HouseRules, MintedToken

LAST_ADMIN = (
    "Somebody has to manage the household always."
    " Give another phone the right to manage, without an end, first."
)


def paired(phone: Phone, *, again: bool) -> str:
    """A phone came in."""
    return f"Paired {'again' if again else 'with'}: {access(phone)}."


def changed(before: Phone, after: Phone) -> str:
    """Name, rights or times are other than before."""
    renamed = f" is now {after.name}" if after.name != before.name else ""
    return f"{before.name}{renamed} ({after.id}) may now: {access(after)}."


def removed(phone: Phone) -> str:
    return f"{phone.name} ({phone.id}) was removed."


def reset(count: int) -> str:
    return f"All phones ({count}), tokens, passkeys and rules were wiped."


def token_made(token: MintedToken) -> str:
    end = "" if token.until_ms is None else f", until {token.until_ms} ms"
    return f"Token {token.id} ({token.kind}) for {token.name}{end}."


def token_revoked(token: MintedToken) -> str:
    return f"Token {token.id} ({token.kind}) of {token.name} is revoked."


def rules(now: HouseRules) -> str:
    passkey = "need" if now.unlock_passkey else "do not need"
    broker = "may" if now.unlock_mqtt else "may not"
    return f"Openings {passkey} a passkey; the broker {broker} open."


def passkey_removed(phone: Phone) -> str:
    return f"The passkey of {phone.name} ({phone.id}) was removed."


def access(phone: Phone | Access) -> str:
    """Rights and when they hold, in short."""
    rights = " ".join(phone.rights) or "nothing"
    end = "" if phone.until_ms is None else f", until {phone.until_ms} ms"
    windows = f", in {len(phone.windows)} windows a week" if phone.windows else ""
    return f"{rights}{end}{windows}"
