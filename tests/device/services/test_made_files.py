"""Finished files, and how long they stay."""

from __future__ import annotations

from device.services.made_files import RESUME_S, MadeFile, MadeFiles


def a_file(version: str, size: int = 100) -> MadeFile:
    return MadeFile(version, bytes(size), 0, 0, "")


class Shelf:
    def __init__(self, limit_bytes: int = 250) -> None:
        self.now_s = 50.0
        self.files = MadeFiles(lambda: self.now_s, limit_bytes)


def test_a_file_stays_as_long_as_somebody_comes_back_for_it() -> None:
    shelf = Shelf()
    shelf.files.hold(a_file("one"))
    for _ in range(3):
        shelf.now_s += RESUME_S - 1
        shelf.files.forget_old()
        assert shelf.files.find("one") == a_file("one")
    shelf.now_s += RESUME_S
    shelf.files.forget_old()
    assert shelf.files.find("one") is None
    assert shelf.files.size_bytes == 0


def test_the_one_that_was_used_longest_ago_makes_room() -> None:
    shelf = Shelf()
    for version in ("one", "two"):
        shelf.files.hold(a_file(version))
    shelf.files.find("one")
    shelf.files.hold(a_file("three"))
    assert shelf.files.find("two") is None
    assert shelf.files.find("one") is not None
    assert shelf.files.size_bytes == 200


def test_the_newest_stays_however_large() -> None:
    shelf = Shelf()
    shelf.files.hold(a_file("one"))
    shelf.files.hold(a_file("large", 1000))
    assert (shelf.files.find("one"), shelf.files.size_bytes) == (None, 1000)
    shelf.files.clear()
    assert shelf.files.size_bytes == 0
