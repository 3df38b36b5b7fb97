"""Why an update is not installed: one word for programs and one sentence for people."""

from __future__ import annotations

import errno

from protocol.updates import UpdateTrouble


class UpdateError(RuntimeError):
    """The update was not carried out; what ran before goes on."""

    def __init__(self, trouble: UpdateTrouble, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = trouble


class BusyError(UpdateError):
    """Another updater works, or somebody is at the door; nothing is wrong."""

    def __init__(self, sentence: str) -> None:
        super().__init__("fault", sentence)


def of_disk(error: OSError) -> UpdateError:
    """What a failing card means, and the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UpdateError(
            "space", "There is no room for the update. Free some of the card and try again."
        )
    if error.errno == errno.EROFS:
        return UpdateError(
            "read_only",
            "The card is read-only, so nothing can be installed."
            " Restart the doorbell, and replace the card if that does not help.",
        )
    return UpdateError(
        "fault", f"The update cannot be written: {error.strerror or error}. Check the card."
    )
