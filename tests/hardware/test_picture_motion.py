"""The detector on drawn pictures of a porch, on light that changes, and on a coded film."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from hardware.options import PictureMotion
from hardware.picture_motion import COLUMNS, ROWS, MotionDetector, coarse, zone_mask
from hardware.planes import Plane
from hardware.planes import luma as luma_of
from hardware.twin.pictures import Picture
from hardware.twin.porch.scene import Porch
from hardware.twin.visitor import WALK_S
from hardware.twin.world import World
from media.frames import VideoFormat
from tests.support.hand_turned_time import VirtualTimers

LOOKS_PER_S = 10
VIDEO = VideoFormat(320, 180, 30, 1_000_000)
# A small sensor's noise at dusk, in levels.
GRAIN = 2.0
ARRIVES_S = 12.0

Act = Callable[[World], None]


def switched(on: bool) -> Act:
    def switch(world: World) -> None:
        pin = world.factory.pin(23)
        pin.function = "output"
        pin.state = on

    return switch


class Watch:
    """A porch whose pictures, with grain, are shown to a detector; time is the test's."""

    def __init__(self, wanted: PictureMotion | None = None) -> None:
        self.timers = VirtualTimers()
        self.world = World(now=self.timers.clock.now, start_timer=self.timers.start)
        self.detector = MotionDetector(wanted or PictureMotion())
        self.moving: list[float] = []
        self._grain = np.random.default_rng(8)

    def look(
        self,
        seconds: float,
        acts: Mapping[float, Act] | None = None,
        light: Callable[[float], float] = lambda _: 1.0,
    ) -> list[float]:
        """Seconds at which someone moved, in a film of this length in which things happen."""
        porch = Porch(self.world, VIDEO, wall_clock=lambda: 1_790_000_000.0)
        picture, due = Picture(VIDEO.width, VIDEO.height), dict(acts or {})
        for number in range(round(seconds * LOOKS_PER_S)):
            at_s = number / LOOKS_PER_S
            for when in [when for when in due if when <= at_s]:
                due.pop(when)(self.world)
            self.timers.advance(1 / LOOKS_PER_S)
            porch.draw(picture, self.timers.clock.now())
            shown = picture.y * light(at_s) + self._grain.normal(0, GRAIN, picture.y.shape)
            if self.detector.see(np.clip(shown, 0, 255).astype(np.uint8), round(at_s * 1e6)):
                self.moving.append(at_s)
        porch.close()
        return self.moving


@pytest.mark.parametrize("sensitivity", [1, 5, 10])
def test_an_empty_porch_with_its_leaves_and_clouds_is_still(sensitivity: int) -> None:
    assert Watch(PictureMotion(sensitivity)).look(40) == []


@pytest.mark.parametrize(("sensitivity", "within_s"), [(1, WALK_S + 1), (5, WALK_S), (10, 2.0)])
def test_who_walks_up_is_seen(sensitivity: int, within_s: float) -> None:
    seen = Watch(PictureMotion(sensitivity)).look(ARRIVES_S + 5, {ARRIVES_S: World.walk_past})
    assert ARRIVES_S < seen[0] < ARRIVES_S + within_s


def test_a_higher_sensitivity_sees_them_further_away() -> None:
    firsts = [
        Watch(PictureMotion(sensitivity)).look(ARRIVES_S + 5, {ARRIVES_S: World.walk_past})[0]
        for sensitivity in (2, 6, 10)
    ]
    assert firsts == sorted(firsts, reverse=True)
    assert firsts[0] - firsts[-1] > 0.5


def test_after_they_have_gone_it_is_still_again() -> None:
    seen = Watch().look(45, {ARRIVES_S: World.walk_past})
    gone_s = ARRIVES_S + 2 * WALK_S + 4
    assert seen[-1] < gone_s + 2


def test_the_porch_light_is_nobody() -> None:
    acts = {12.0: switched(True), 20.0: switched(False)}
    assert Watch(PictureMotion(8)).look(30, acts) == []


def test_a_visitor_is_seen_after_the_light_went_on() -> None:
    seen = Watch().look(26, {12.0: switched(True), 18.0: World.walk_past})
    assert seen[0] > 18.0


@pytest.mark.parametrize(
    "light",
    [
        pytest.param(lambda s: 0.4 + s / 40, id="the morning"),
        pytest.param(lambda s: 1.4 if s > 15 else 1.0, id="a step of the exposure"),
        pytest.param(lambda s: 1.0 + 0.25 * np.sin(s / 2), id="clouds"),
    ],
)
def test_light_that_changes_everywhere_is_nobody(light: Callable[[float], float]) -> None:
    assert Watch(PictureMotion(8)).look(30, light=light) == []


def test_lightning_is_nobody_and_leaves_nobody_behind() -> None:
    assert Watch().look(25, light=lambda s: 3.0 if 15 < s < 15.3 else 1.0) == []


def test_who_is_outside_the_zones_is_not_seen() -> None:
    left = PictureMotion(10, zones=((0.0, 0.0, 0.25, 1.0),))
    assert Watch(left).look(ARRIVES_S + 8, {ARRIVES_S: World.walk_past}) == []
    middle = PictureMotion(5, zones=((0.3, 0.2, 0.4, 0.8),))
    assert Watch(middle).look(ARRIVES_S + 8, {ARRIVES_S: World.walk_past})


def test_zones_become_cells() -> None:
    mask = zone_mask(((0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5)))
    assert mask[: ROWS // 2, : COLUMNS // 2].all()
    assert not mask[: ROWS // 2, COLUMNS // 2 :].any()
    assert mask.mean() == pytest.approx(0.5)
    assert zone_mask(()).all()


@pytest.mark.parametrize("size", [(360, 640), (480, 640), (90, 160), (720, 1280), (37, 65)])
def test_any_size_of_picture_becomes_the_grid(size: tuple[int, int]) -> None:
    width = size[1]
    luma = np.zeros(size, np.uint8)
    luma[:, width // 2 :] = 200
    grid = coarse(luma)
    assert grid.shape == (ROWS, COLUMNS)
    assert (grid[:, : COLUMNS // 2 - 2].max(), grid[:, COLUMNS // 2 + 2 :].min()) == (0, 200)


def film(path: Path, seconds: int, walks_from_s: float) -> Path:
    """H.264 in a file: a grainy wall, past which something of a person's shape walks."""
    grain = np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=LOOKS_PER_S, options={"crf": "28"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(seconds * LOOKS_PER_S):
            luma: Plane = np.full((270, 320), 128, np.uint8)
            luma[:180] = grain.normal(100, 4, (180, 320)).clip(0, 255)
            left = round((number / LOOKS_PER_S - walks_from_s) * 60)
            if 0 <= left < 280:
                luma[60:160, left : left + 36] = 45
            frame = av.VideoFrame.from_ndarray(luma, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, LOOKS_PER_S)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_it_works_on_a_coded_film(tmp_path: Path) -> None:
    detector = MotionDetector(PictureMotion())
    with av.open(str(film(tmp_path / "wall.mp4", 14, walks_from_s=6.0))) as container:
        times = ((frame, frame.time or 0.0) for frame in container.decode(video=0))
        seen = [at_s for frame, at_s in times if detector.see(luma_of(frame), round(at_s * 1e6))]
    assert 6.0 < seen[0] < 7.0
    assert seen[-1] < 13.0
