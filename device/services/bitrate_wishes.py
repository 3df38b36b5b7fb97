"""What all viewers of a layer wish its encoder's rate to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from protocol.door import Layer


class BitrateWishes:
    """`plan(layer, wishes by call)` is told whenever they change."""

    def __init__(self, plan: Callable[[Layer, Mapping[str, int]], None]) -> None:
        self._plan = plan
        self._wishes: dict[Layer, dict[str, int]] = {}

    def wish(self, call: str, layer: Layer, bps: int) -> None:
        """This call takes this layer alone, and wishes it at this rate."""
        for other in self._wishes:
            if other != layer:
                self._drop(call, other)
        wishes = self._wishes.setdefault(layer, {})
        if wishes.get(call) != bps:
            wishes[call] = bps
            self._plan(layer, wishes)

    def drop(self, call: str) -> None:
        """The call is over. May be called twice."""
        for layer in self._wishes:
            self._drop(call, layer)

    def _drop(self, call: str, layer: Layer) -> None:
        if self._wishes[layer].pop(call, None) is not None:
            self._plan(layer, self._wishes[layer])
