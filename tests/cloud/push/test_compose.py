"""The words of a notification, its tag and its order."""

from __future__ import annotations

import pytest

from cloud.push.compose import Change, Notice, compose, compose_farewell, compose_test
from cloud.push.delivery import delivery_of
from cloud.push.words import Language, place
from protocol.api import PushMessage
from protocol.door import Moment
from tests.support.visits import ANNAS_PHONE, RANG_MS, then, visit


def test_a_ring_says_who_is_where_and_leads_to_the_ring_screen() -> None:
    pushed = compose(Notice("rang", visit(), "Front door"), "en").notification
    assert pushed.title == "Someone is at the front door"
    assert pushed.navigate == "/#/ring/visit-0001"
    assert not pushed.silent
    assert pushed.image is None


def test_the_payload_is_declarative_web_push() -> None:
    text = compose(Notice("rang", visit(), "Front door"), "en").model_dump_json()
    assert text.startswith('{"web_push":8030,"notification":{"title":')
    assert PushMessage.model_validate_json(text).notification.data.change == "rang"


def test_a_ring_in_quiet_hours_is_shown_without_a_sound() -> None:
    quiet = Moment(at_ms=RANG_MS, what="rang", quiet=True)
    pushed = compose(Notice("rang", visit(moments=(quiet,)), "Front door"), "en")
    assert pushed.notification.silent
    assert delivery_of(pushed).urgency == "normal"


def test_the_picture_replaces_the_ring_without_a_sound() -> None:
    rang = compose(Notice("rang", visit(), "Front door"), "en").notification
    picture = compose(Notice("picture", visit(snapshot=True), "Front door"), "en").notification
    assert picture.silent
    assert picture.tag == rang.tag
    assert picture.data.at_ms == rang.data.at_ms == RANG_MS
    assert picture.image == "/api/v1/visits/visit-0001/snapshot.jpg"


def test_the_picture_is_addressed_without_a_token() -> None:
    address = "https://door.example"
    picture = compose(Notice("picture", visit(snapshot=True), "Front door"), "en", address)
    assert picture.notification.image == f"{address}/api/v1/visits/visit-0001/snapshot.jpg"
    assert picture.notification.navigate.startswith(f"{address}/#/ring/")


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Anna answered"), ("de", "Anna ist rangegangen")]
)
def test_an_answer_names_who_was_first(language: str, title: str) -> None:
    answered = visit(answered_by="Anna", moments=then("answered", 5, "Anna"))
    notice = Notice("answered", answered, "Front door", ANNAS_PHONE)
    pushed = compose(notice, "de" if language == "de" else "en").notification
    assert pushed.title == title
    assert pushed.silent
    assert pushed.data.phone == ANNAS_PHONE
    assert pushed.data.at_ms == RANG_MS + 5000


@pytest.mark.parametrize(("language", "title"), [("en", "Missed, 40 s"), ("de", "Verpasst, 40 s")])
def test_a_missed_ring_says_how_long_it_rang(language: str, title: str) -> None:
    notice = Notice("missed", visit(moments=then("missed", 40)), "Front door")
    pushed = compose(notice, "de" if language == "de" else "en").notification
    assert pushed.title == title
    assert pushed.navigate == "/#/visit/visit-0001"


def test_a_missed_ring_without_known_times_says_just_that() -> None:
    notice = Notice("missed", visit(rang_ms=None, moments=()), "Front door")
    assert compose(notice, "en").notification.title == "Missed"


def test_a_second_press_is_newer_than_the_missed_first() -> None:
    first, missed = then("missed", 40)
    again = first.model_copy(update={"at_ms": RANG_MS + 60_000})
    outcome = compose(Notice("missed", visit(moments=(first, missed)), "Door"), "en")
    ring = compose(Notice("rang", visit(moments=(first, missed, again)), "Door"), "en")
    assert ring.notification.data.at_ms > outcome.notification.data.at_ms


@pytest.mark.parametrize("change", ["rang", "picture", "answered", "missed", "motion"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_push_shows_something(change: Change, language: str) -> None:
    notice = Notice(change, visit(), "x" * 60)
    pushed = compose(notice, "de" if language == "de" else "en")
    assert pushed.notification.title.strip()
    assert pushed.notification.body.strip()
    assert "{" not in pushed.notification.title + pushed.notification.body
    # Push services take about 4 kB with the encryption around it.
    assert len(pushed.model_dump_json().encode()) < 2000


def test_braces_in_a_name_stay_as_they_are() -> None:
    notice = Notice("rang", visit(), "{at} door")
    assert compose(notice, "en").notification.title == "Someone is at the {at} door"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Front door", "the front door"),
        ("Miller", "the door (Miller)"),
        ("Gate", "the gate"),
        ("", "the door"),
    ],
)
def test_a_name_stands_in_the_sentence_only_when_it_is_a_place(name: str, said: str) -> None:
    assert place(name, "en") == said


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "This phone was taken out of the household of {x} Tür. Pair it again at the door."),
        (
            "de",
            "Dieses Telefon wurde aus dem Haushalt von {x} Tür genommen. An der Tür neu koppeln.",
        ),
    ],
)
def test_a_farewell_says_what_to_do(language: str, words: str) -> None:
    chosen: Language = "de" if language == "de" else "en"
    pushed = compose_farewell("a" * 26, "{x} Tür", chosen, "https://door.example").notification
    assert (pushed.body, pushed.lang, pushed.silent) == (words, language, False)
    assert pushed.title.strip()
    assert pushed.data.change == "farewell"
    assert pushed.navigate.startswith("https://door.example/#/")


def test_the_test_push_sounds_and_has_its_own_tag() -> None:
    pushed = compose_test("a" * 26, "de").notification
    assert pushed.title == "Benachrichtigungen gehen"
    assert not pushed.silent
    assert pushed.tag == "test"
