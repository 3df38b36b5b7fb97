"""Which packets of a stream have not come, and when to ask for them."""

from __future__ import annotations

from collections.abc import Callable

# The buffer behind holds as many; what is older is of no use.
WINDOW_PACKETS = 512
# All of them far apart still fit into one report.
ASKED_AT_ONCE = 256
# The sender's answer may get lost as well.
ASK_AGAIN_S = 0.1
# By then the buffer has given up.
GIVEN_UP_S = 1.2


class Missing:
    """`arrived` for each packet in the order of arrival; `ask(numbers)` is called when due."""

    def __init__(self, ask: Callable[[list[int]], None]) -> None:
        self._ask = ask
        self._newest: int | None = None
        self._since_s: dict[int, float] = {}
        self._asked_s = float("-inf")

    def arrived(self, sequence: int, now_s: float) -> None:
        """A packet has come, in order or not."""
        if self._newest is None:
            self._newest = sequence
            return
        ahead = (sequence - self._newest) & 0xFFFF
        if ahead == 1:
            self._newest = sequence
            if self._since_s:
                self._ask_again(now_s)
        elif 0 < ahead < 0x8000:
            self._skipped(self._newest, ahead, now_s)
            self._newest = sequence
        else:
            self._since_s.pop(sequence, None)

    def _skipped(self, newest: int, ahead: int, now_s: float) -> None:
        for step in range(max(1, ahead - WINDOW_PACKETS), ahead):
            self._since_s[(newest + step) & 0xFFFF] = now_s
        self._asked_s = float("-inf")
        self._ask_again(now_s)

    def _ask_again(self, now_s: float) -> None:
        if now_s - self._asked_s < ASK_AGAIN_S:
            return
        # In the order in which they were missed, the oldest first: it holds up all the others.
        for sequence, since_s in list(self._since_s.items()):
            if now_s - since_s <= GIVEN_UP_S and len(self._since_s) <= WINDOW_PACKETS:
                break
            del self._since_s[sequence]
        if self._since_s:
            self._asked_s = now_s
            self._ask(list(self._since_s)[:ASKED_AT_ONCE])
