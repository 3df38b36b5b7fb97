from collections.abc import Iterator

import numpy as np
import pytest

from hardware.twin.pictures import Picture
from hardware.twin.porch.canvas import Canvas, box, capsule, ellipse, polygon, without
from hardware.twin.porch.scene import LAMP_FADE_S, Porch
from hardware.twin.porch.sprite import cut_out, to_yuv
from hardware.twin.porch.text import Lettering
from hardware.twin.visitor import WALK_S
from hardware.twin.world import World
from media.frames import VideoFormat
from tests.support.hand_turned_time import VirtualTimers

VIDEO = VideoFormat(640, 360, 30, 1_000_000)


class Stage:
    """A porch whose time the test turns."""

    def __init__(self, video: VideoFormat = VIDEO) -> None:
        self.timers = VirtualTimers()
        self.world = World(now=self.timers.clock.now, start_timer=self.timers.start)
        self.porch = Porch(self.world, video, wall_clock=lambda: 1_790_000_000.0)
        self.picture = Picture(video.width, video.height)

    def look(self, after_s: float = 0.0) -> Picture:
        self.timers.advance(after_s)
        self.porch.draw(self.picture, self.timers.clock.now())
        copy = Picture(self.picture.y.shape[1], self.picture.y.shape[0])
        copy.data[:] = self.picture.data
        return copy

    def light(self, on: bool) -> None:
        pin = self.world.factory.pin(23)
        pin.function = "output"
        pin.state = on


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.porch.close()


def middle(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Where a visitor at the door stands."""
    height, width = picture.y.shape
    area = picture.y[height // 2 : height * 4 // 5, width * 2 // 5 : width * 3 // 5]
    return area.astype(np.int16)


def test_the_light_brightens_the_porch(stage: Stage) -> None:
    dark = stage.look().y.mean()
    stage.light(True)
    rising = stage.look(LAMP_FADE_S / 2).y.mean()
    bright = stage.look(LAMP_FADE_S).y.mean()
    assert dark * 1.3 < bright
    assert dark < rising < bright
    stage.light(False)
    assert stage.look(LAMP_FADE_S * 2).y.mean() == pytest.approx(dark, rel=0.02)


def test_the_visitor_is_seen_at_the_moment_of_the_press(stage: Stage) -> None:
    empty = middle(stage.look())
    stage.world.press()
    assert np.abs(middle(stage.look()) - empty).mean() > 10
    stage.world.clear()
    assert np.abs(middle(stage.look(0.1)) - empty).mean() < 3


def test_someone_who_walks_up_grows(stage: Stage) -> None:
    stage.world.walk_past()
    far = stage.porch, stage.world.pose()
    assert far[1] is not None
    empty = Stage().look().y.astype(np.int16)
    sizes = []
    for _ in range(3):
        picture = stage.look(WALK_S / 3.1)
        sizes.append(int((np.abs(picture.y.astype(np.int16) - empty) > 12).sum()))
    assert sizes == sorted(sizes)
    assert sizes[2] > 4 * sizes[0]


def test_an_empty_porch_is_alive(stage: Stage) -> None:
    first, second = stage.look().y, stage.look(0.5).y
    moved = np.abs(first.astype(np.int16) - second)
    assert 100 < (moved > 8).sum() < moved.size / 10


@pytest.mark.parametrize("size", [(640, 480), (320, 180), (1920, 1080)])
def test_it_fills_pictures_of_any_shape(size: tuple[int, int]) -> None:
    stage = Stage(VideoFormat(*size, 30, 1_000_000))
    stage.world.press()
    picture = stage.look(2)
    stage.porch.close()
    assert picture.y.shape == (size[1], size[0])
    assert picture.y[:, :4].std() > 1
    assert picture.y[:, -4:].std() > 1


def test_shapes_know_inside_from_outside() -> None:
    square = polygon((2, 2), (8, 2), (8, 8), (2, 8))
    shapes = [ellipse(5, 5, 3, 2), box(2, 3, 8, 7), capsule(3, 5, 7, 5, 1), square]
    x, y = np.array([5.0, 0.5], np.float32), np.array([5.0, 0.5], np.float32)
    for shape in [*shapes, without(square, ellipse(9, 9, 2, 2))]:
        inside, outside = shape.distance(x, y)
        assert inside < 0 < outside


def test_a_sprite_covers_where_it_is_opaque_and_nowhere_else() -> None:
    canvas = Canvas(8, 8, 1.0)
    canvas.paint(box(0, 0, 4, 8), (1.0, 1.0, 1.0))
    picture = Picture(16, 16)
    picture.data[:] = 50
    cut_out(canvas).lay(picture, 4, 4)
    assert picture.y[6, 4:8].tolist() == [235] * 4
    assert picture.y[6, 8:12].tolist() == [50] * 4
    cut_out(canvas).lay(picture, -6, -6)
    cut_out(canvas).lay(picture, 100, 100)
    assert picture.y[0, 0] == 50


def test_colours_become_those_of_bt_709() -> None:
    red = np.zeros((2, 2, 3), np.float32)
    red[..., 0] = 1
    y, u, v = to_yuv(red)
    assert (int(y[0, 0]), int(u[0, 0]), int(v[0, 0])) == (63, 102, 240)


def test_text_is_readable_and_cut_at_the_edge() -> None:
    luma = np.full((12, 20), 100, np.uint8)
    Lettering(1).write(luma, 2, 2, "1:1:1:1")
    assert luma[2:9, 4].tolist() == [228] * 7
    assert set(np.unique(luma)) == {28, 100, 228}
