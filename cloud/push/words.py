"""The words of a notification, in the household's languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "de"]

# A doorbell called after a place can stand in an English sentence; any other name follows it.
_PLACES = frozenset({"door", "gate", "entrance", "porch", "garage"})


@dataclass(frozen=True, slots=True)
class Words:
    """One language: sentences with `{at}` for the place, `{who}` and `{name}` for names."""

    rang: str
    rang_body: str
    picture_body: str
    motion: str
    motion_body: str
    answered: str
    answered_unnamed: str
    missed: str
    missed_after: str
    outcome_body: str
    test: str
    test_body: str
    farewell: str
    farewell_body: str


WORDS: dict[Language, Words] = {
    "en": Words(
        rang="Someone is at {at}",
        rang_body="Tap to see who it is.",
        picture_body="This is who rang.",
        motion="Someone is near {at}",
        motion_body="They have not rung.",
        answered="{who} answered",
        answered_unnamed="Someone answered",
        missed="Missed",
        missed_after="Missed, {seconds} s",
        outcome_body="Someone was at {at}.",
        test="Notifications work",
        test_body="You will be told here when someone rings.",
        farewell="Taken out of the household",
        farewell_body=(
            "This phone was taken out of the household of {name}. Pair it again at the door."
        ),
    ),
    "de": Words(
        rang="Es klingelt: {at}",
        rang_body="Tippen, um zu sehen, wer da ist.",
        picture_body="Das ist der Besuch.",
        motion="Bewegung: {at}",
        motion_body="Es hat nicht geklingelt.",
        answered="{who} ist rangegangen",
        answered_unnamed="Jemand ist rangegangen",
        missed="Verpasst",
        missed_after="Verpasst, {seconds} s",
        outcome_body="{at}: Jemand war da.",
        test="Benachrichtigungen gehen",
        test_body="Hier steht künftig, wenn jemand klingelt.",
        farewell="Aus dem Haushalt genommen",
        farewell_body=(
            "Dieses Telefon wurde aus dem Haushalt von {name} genommen. An der Tür neu koppeln."
        ),
    ),
}


def place(name: str, language: Language) -> str:
    """Where the doorbell is, as part of a sentence: "the front door", "the door (Miller)"."""
    if not name.strip():
        return "Tür" if language == "de" else "the door"
    if language == "de":
        # Inside a German sentence the name would need its gender.
        return name
    if name.split()[-1].lower() in _PLACES:
        return f"the {name[0].lower()}{name[1:]}"
    return f"the door ({name})"
