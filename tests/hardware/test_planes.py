import numpy as np
import pytest

from hardware.planes import Area, Layout, Pixels, Plane, Scaler, area_of
from hardware.ports import Window

WIDTH, HEIGHT, STRIDE = 96, 54, 128
PADDING = 255


def memory(pixels: Pixels) -> tuple[Plane, list[Plane]]:
    """A sensor's memory with padded rows, and the planes that are in it."""
    rng = np.random.default_rng(4)
    y = rng.integers(16, 235, (HEIGHT, WIDTH), np.uint8)
    colours = rng.integers(16, 240, (2, HEIGHT // 2, WIDTH // 2), np.uint8)
    if pixels == "nv12":
        planes, strides = [y, np.dstack(list(colours)).reshape(HEIGHT // 2, WIDTH)], [1, 1]
    else:
        planes, strides = [y, *colours], [1, 2, 2]
    padded = [
        np.pad(plane, ((0, 0), (0, STRIDE // part - plane.shape[1])), constant_values=PADDING)
        for plane, part in zip(planes, strides, strict=True)
    ]
    # A driver's buffers are whole pages.
    return np.concatenate([*(plane.ravel() for plane in padded), np.zeros(777, np.uint8)]), planes


@pytest.mark.parametrize("pixels", ["yuv420p", "nv12"])
def test_padding_does_not_reach_the_frame(pixels: Pixels) -> None:
    data, planes = memory(pixels)
    layout = Layout(WIDTH, HEIGHT, STRIDE, pixels)
    frame = layout.frame(data)
    assert (frame.width, frame.height, frame.format.name) == (WIDTH, HEIGHT, pixels)
    y = frame.to_ndarray()
    assert np.array_equal(y[:HEIGHT], planes[0])
    assert (
        y.ravel()[HEIGHT * WIDTH :].tolist()
        == np.concatenate([plane.ravel() for plane in planes[1:]]).tolist()
    )
    assert np.array_equal(layout.luma(data), planes[0])


def test_both_layouts_show_the_same_picture() -> None:
    shown = [
        Layout(WIDTH, HEIGHT, STRIDE, pixels).frame(memory(pixels)[0]).to_ndarray(format="yuv420p")
        for pixels in ("yuv420p", "nv12")
    ]
    assert np.array_equal(shown[0], shown[1])


@pytest.mark.parametrize("pixels", ["yuv420p", "nv12"])
def test_a_part_is_cut_with_its_colours(pixels: Pixels) -> None:
    data, _ = memory(pixels)
    layout, area = Layout(WIDTH, HEIGHT, STRIDE, pixels), Area(20, 10, 40, 24)
    whole = layout.frame(data).to_ndarray(format="yuv420p")
    part = layout.frame(data, area).to_ndarray(format="yuv420p")
    assert np.array_equal(part[:24], whole[10:34, 20:60])
    u = whole[HEIGHT:].ravel()[: HEIGHT * WIDTH // 4].reshape(HEIGHT // 2, WIDTH // 2)
    assert part[24:].ravel()[: 12 * 20].tolist() == u[5:17, 10:30].ravel().tolist()


def test_a_window_stays_inside_the_picture() -> None:
    assert area_of(Window(), WIDTH, HEIGHT) == Area(0, 0, WIDTH, HEIGHT)
    assert area_of(Window(2.0, 1.0, 0.0), WIDTH, HEIGHT) == Area(48, 0, 48, 28)
    closest = area_of(Window(100.0), WIDTH, HEIGHT)
    assert (closest.width, closest.height) == (12, 6)


def test_a_scaled_picture_is_planar() -> None:
    data, _ = memory("nv12")
    small = Scaler(48, 26).scaled(Layout(WIDTH, HEIGHT, STRIDE, "nv12").frame(data))
    assert (small.width, small.height, small.format.name) == (48, 26, "yuv420p")
