"""The attacks are what they claim to be: different from the original, and each from the others."""

from __future__ import annotations

from attack.mutations import changed_lines, forged_statements, malleated
from attack.tally import Tally, table, verdict
from protocol import jws
from protocol.calls import CallChallenge
from protocol.identity import Identity

VICTIM, FORGER = Identity.generate(), Identity.generate()
TYP = "doorstep-offer+jws"
SIGNED = jws.seal(VICTIM, TYP, CallChallenge(nonce="MDEyMzQ1Njc4OWFiY2RlZg", valid_s=30.0))
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\na=setup:actpass\r\n"


def test_every_changed_sdp_is_another_one() -> None:
    forgeries = [forgery.text for forgery in changed_lines(SDP)]
    assert len(forgeries) == 3 * 3 + 2
    assert SDP not in forgeries
    assert len(set(forgeries)) == len(forgeries)


def test_every_forged_statement_differs_from_the_genuine_one() -> None:
    forgeries = list(forged_statements(SIGNED, FORGER, VICTIM.public.spki))
    assert len(forgeries) > 30
    assert SIGNED not in {forgery.text for forgery in forgeries}


def test_the_twin_of_a_signature_is_as_valid_as_the_signature() -> None:
    twin = malleated(SIGNED)
    assert twin != SIGNED
    assert jws.unseal(twin, TYP, VICTIM.public, CallChallenge).valid_s == 30.0
    assert malleated(twin) == SIGNED


def test_a_row_holds_only_when_all_was_refused_and_nothing_moved() -> None:
    row = Tally("a kind")
    assert not row.held, "nothing was tried"
    row.note(refused=True, how="one")
    assert row.held
    row.logged = 0
    assert not row.held
    row.logged = 1
    assert row.held
    row.edges = 1
    assert not row.held


def test_what_got_through_is_named_and_makes_the_exit_code_one() -> None:
    row = Tally("a kind")
    row.note(refused=True, how="one")
    row.note(refused=False, how="a hole")
    said: list[str] = []
    assert verdict([row], said.append) == 1
    assert "a hole" in table([row])
    assert "Not held: a kind." in said
