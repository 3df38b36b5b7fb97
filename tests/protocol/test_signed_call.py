"""The shared vectors of a signed call: keys, SDP, statements, an opening and the log of it.

The page's tests read the same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from protocol.audit import HEAD_TYP, ROOT, AuditHeadStatement, AuditRow, next_hash, row_hash
from protocol.base import Message
from protocol.calls import (
    ANSWER_TYP,
    OFFER_TYP,
    AnswerStatement,
    OfferStatement,
    channel_of,
    fingerprint_of,
)
from protocol.control import COMMAND_TYP, RECEIPT_TYP, UnlockCommand, UnlockReceipt
from protocol.identity import PublicKey
from protocol.jws import hash_of, unseal

PATH = Path(__file__).resolve().parents[2] / "protocol" / "samples" / "signed_call.json"
SAMPLE: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
DOORBELL = PublicKey.parse(SAMPLE["doorbell"]["public_key"])
PHONE = PublicKey.parse(SAMPLE["phone"]["public_key"])


def test_ids_are_those_of_the_keys() -> None:
    assert (DOORBELL.id, PHONE.id) == (SAMPLE["doorbell"]["id"], SAMPLE["phone"]["id"])


@pytest.mark.parametrize(("sealed", "typ", "key", "model"), [
    (SAMPLE["offer"], OFFER_TYP, PHONE, OfferStatement),
    (SAMPLE["answer"], ANSWER_TYP, DOORBELL, AnswerStatement),
    (SAMPLE["command"], COMMAND_TYP, PHONE, UnlockCommand),
    (SAMPLE["receipt"], RECEIPT_TYP, DOORBELL, UnlockReceipt),
    (SAMPLE["audit"]["head"], HEAD_TYP, DOORBELL, AuditHeadStatement),
], ids=["offer", "answer", "command", "receipt", "head"])  # fmt: skip
def test_each_statement_is_signed_as_it_is_written(
    sealed: dict[str, Any], typ: str, key: PublicKey, model: type[Message]
) -> None:
    assert unseal(sealed["jws"], typ, key, model) == model.model_validate(sealed["statement"])
    assert hash_of(sealed["jws"]) == sealed["hash"]


@pytest.mark.parametrize("side", ["offer", "answer"])
def test_statements_name_the_sdp_and_its_fingerprint(side: str) -> None:
    sdp, statement = SAMPLE[side]["sdp"], SAMPLE[side]["statement"]
    assert hash_of(sdp) == statement["sdp_hash"]
    assert fingerprint_of(sdp) == statement["fingerprint"]


def test_answer_command_and_receipt_belong_to_the_offer() -> None:
    offer, answer = SAMPLE["offer"]["statement"], SAMPLE["answer"]["statement"]
    assert answer["offer_hash"] == SAMPLE["offer"]["hash"]
    channel = channel_of(answer["fingerprint"], offer["fingerprint"], offer["session"])
    assert channel == SAMPLE["channel"] == SAMPLE["command"]["statement"]["channel"]
    assert SAMPLE["receipt"]["statement"]["command_hash"] == SAMPLE["command"]["hash"]


def test_the_log_is_one_chain_up_to_its_head() -> None:
    audit = SAMPLE["audit"]
    before = audit["root"]
    assert before == ROOT
    for number, kept in enumerate(audit["rows"], 1):
        assert AuditRow.model_validate_json(kept["row"]).number == number
        assert row_hash(kept["row"].encode()) == kept["row_hash"]
        before = next_hash(number, before, kept["row_hash"])
        assert before == kept["hash"]
    head = audit["head"]["statement"]
    assert (head["number"], head["hash"]) == (len(audit["rows"]), before)
