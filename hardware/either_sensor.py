"""Several motion sensors as one: a PIR beside the camera's picture, say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Literal, Self, TypeAlias

from hardware.bridge import now_us
from hardware.errors import ClosedError, HardwareError
from hardware.patient import present
from hardware.ports import Edge, Sensor

# A sensor that is missing is asked for again so often; the others work meanwhile.
RETRY_S = 10.0

_log = logging.getLogger(__name__)
Arrivals: TypeAlias = asyncio.Queue[tuple[int, Edge | None]]


def chosen(
    motion: Literal["sensor", "picture", "both"], sensor: Callable[[], Sensor], picture: Sensor
) -> Sensor:
    """The sensor of motion that the settings ask for."""
    match motion:
        case "sensor":
            return sensor()
        case "picture":
            return picture
        case "both":
            return EitherSensor([sensor(), picture])


class EitherSensor:
    """Active while any of its sensors is. One that is missing costs only itself, and may come."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._sensors = tuple(sensors)
        self._is_open = False

    async def __aenter__(self) -> Self:
        for sensor in self._sensors:
            await sensor.__aenter__()
        self._is_open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        self._is_open = False
        for sensor in self._sensors:
            await sensor.close()

    @property
    def active(self) -> bool:
        self._check_open()
        return any(_active(sensor) for sensor in self._sensors)

    def edges(self) -> AsyncIterator[Edge]:
        """Every edge of them together from this call on; a second taker ends the first."""
        self._check_open()
        return self._merged([_edges(sensor) for sensor in self._sensors])

    def _check_open(self) -> None:
        if not self._is_open:
            raise ClosedError("The motion sensor is closed.")

    async def _merged(
        self, taken: Sequence[AsyncIterator[Edge] | None]
    ) -> AsyncGenerator[Edge, None]:
        arrived: Arrivals = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            pumps = [
                group.create_task(self._pump(number, edges, arrived))
                for number, edges in enumerate(taken)
            ]
            try:
                async for edge in _changes(arrived, len(pumps)):
                    yield edge
            finally:
                for pump in pumps:
                    pump.cancel()

    async def _pump(
        self, number: int, edges: AsyncIterator[Edge] | None, arrived: Arrivals
    ) -> None:
        """Pass one sensor's edges on until it is closed; ask for it again when it fails."""
        sensor, told = self._sensors[number], False
        while self._is_open:
            try:
                if edges is None:
                    await present(sensor)
                    edges = sensor.edges()
                async for edge in edges:
                    arrived.put_nowait((number, edge))
                    told = False
                break
            except HardwareError as error:
                if not told:
                    _log.warning("one motion sensor of several does not work: %s", error)
                edges, told = None, True
                arrived.put_nowait((number, Edge(False, now_us())))
                await asyncio.sleep(RETRY_S)
        arrived.put_nowait((number, None))


async def _changes(arrived: Arrivals, count: int) -> AsyncGenerator[Edge, None]:
    """The edges of all together, until each of `count` has said None."""
    active: set[int] = set()
    while count:
        number, edge = await arrived.get()
        if edge is None:
            count -= 1
            continue
        before = bool(active)
        if edge.active:
            active.add(number)
        else:
            active.discard(number)
        if bool(active) is not before:
            yield edge


def _active(sensor: Sensor) -> bool:
    try:
        return sensor.active
    except HardwareError:
        return False


def _edges(sensor: Sensor) -> AsyncIterator[Edge] | None:
    try:
        return sensor.edges()
    except HardwareError:
        return None
