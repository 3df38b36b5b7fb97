"""picamera2's own source shows whether our adapter fits it; importing it needs libcamera."""

import ast
import re
from pathlib import Path

import pytest

from hardware.pi.encoders import PIXELS
from tests.support.small_picamera2 import sources


@pytest.fixture(scope="module")
def folder() -> Path:
    return sources()


def method(folder: Path, file: str, owner: str, name: str) -> ast.FunctionDef:
    tree = ast.parse((folder / file).read_text())
    (holder,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner]
    methods = [n for n in holder.body if isinstance(n, ast.FunctionDef) and n.name == name]
    assert methods, f"picamera2's {owner} has no {name}"
    return methods[-1]


def parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args[1:]]


def test_the_encoder_takes_what_we_give_it(folder: Path) -> None:
    file, owner = "encoders/h264_encoder.py", "H264Encoder"
    wanted = {"bitrate", "repeat", "iperiod", "framerate", "profile"}
    assert wanted <= set(parameters(method(folder, file, owner, "__init__")))
    assert parameters(method(folder, file, owner, "force_key_frame")) == []
    assert "'constrained baseline'" in ast.unparse(method(folder, file, owner, "_start"))


def test_the_encoder_has_its_device_where_its_rate_is_changed(folder: Path) -> None:
    start = ast.unparse(method(folder, "encoders/v4l2_encoder.py", "V4L2Encoder", "_start"))
    assert re.search(r"self\.vd = open\('/dev/video11', 'rb\+', buffering=0\)", start)
    assert "ctrl.id = V4L2_CID_MPEG_VIDEO_BITRATE" in start


def test_an_output_is_given_what_ours_expects(folder: Path) -> None:
    theirs = parameters(method(folder, "outputs/output.py", "Output", "outputframe"))
    assert theirs == ["frame", "keyframe", "timestamp", "packet", "audio"]


@pytest.mark.parametrize(
    ("name", "used"),
    [
        (
            "create_video_configuration",
            {"main", "lores", "raw", "colour_space", "controls", "transform", "buffer_count",
             "sensor"},
        ),
        ("configure", {"camera_config"}),
        ("camera_configuration", set()),
        ("set_controls", {"controls"}),
        ("start_encoder", {"encoder", "output", "name"}),
        ("stop_encoder", {"encoders"}),
        ("start", set()),
        ("stop", set()),
        ("close", set()),
        ("cancel_all_and_flush", set()),
        ("camera_controls", set()),
    ],
)  # fmt: skip
def test_the_camera_has_the_methods_we_call(folder: Path, name: str, used: set[str]) -> None:
    assert used <= set(parameters(method(folder, "picamera2.py", "Picamera2", name)))


def test_a_constructor_that_fails_leaves_the_pipe_that_we_close(folder: Path) -> None:
    text = ast.unparse(method(folder, "picamera2.py", "Picamera2", "__init__"))
    pipe = text.index("self.notifyme_r, self.notifyme_w")
    assert pipe < text.index("self.notifymeread = ") < text.index("self._open_camera()")
    assert "raise RuntimeError('Camera __init__ sequence did not complete.') from e" in text


def test_every_picture_is_shown_before_it_is_encoded(folder: Path) -> None:
    loop = ast.unparse(method(folder, "picamera2.py", "Picamera2", "process_requests"))
    assert 0 < loop.index("self.pre_callback(req)") < loop.index("encoder.encode(")


def test_a_picture_s_memory_is_mapped_as_we_ask(folder: Path) -> None:
    mapped = method(folder, "request.py", "MappedArray", "__init__")
    assert parameters(mapped)[:3] == ["request", "stream", "reshape"]


def test_the_formats_are_ones_that_both_encoders_take(folder: Path) -> None:
    v4l2 = (folder / "encoders/v4l2_encoder.py").read_text()
    assert all(f'"{name}"' in v4l2 for name in PIXELS)


def test_controls_that_are_not_advertised_are_refused(folder: Path) -> None:
    """Which is why ours are chosen by what the camera advertises."""
    refused = ast.unparse(method(folder, "controls.py", "Controls", "__setattr__"))
    assert "is not advertised by libcamera" in refused
