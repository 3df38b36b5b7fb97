"""A video file as the twin's scene: looped, in real time, fitted to the picture."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import av

from hardware.errors import HardwareError, MissingError
from hardware.twin.pictures import Picture

# Bars beside a picture of another shape.
BLACK_Y, BLACK_UV = 16, 128
# For files whose pictures carry no time.
GUESSED_STEP_S = 1 / 30


class VideoFile:
    """Any file that PyAV can decode; MissingError when it is not there or holds no picture."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container = open_video(path)
        self._frames = self._decoded()
        self._start_s: float | None = None
        self._shown: av.VideoFrame | None = None
        self._next: tuple[float, av.VideoFrame] | None = None

    def draw(self, picture: Picture, now_s: float) -> None:
        """Show the newest picture whose time has come."""
        if self._start_s is None:
            self._start_s = now_s
        changed = self._advance(now_s - self._start_s)
        if changed and self._shown:
            letterbox(self._shown, picture)

    def close(self) -> None:
        self._container.close()

    def _advance(self, elapsed_s: float) -> bool:
        changed = False
        while True:
            if self._next is None:
                self._next = self._following()
            due_s, frame = self._next
            if due_s > elapsed_s and self._shown is not None:
                return changed
            self._shown, self._next, changed = frame, None, True

    def _following(self) -> tuple[float, av.VideoFrame]:
        try:
            return next(self._frames)
        except (av.FFmpegError, StopIteration) as error:
            raise HardwareError(f"{self._path} cannot be played: {error}.") from error

    def _decoded(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Every picture with its time, round and round; the time goes on growing."""
        offset_s = 0.0
        while True:
            length_s = yield from self._once(offset_s)
            offset_s += length_s
            self._container.seek(0)

    def _once(self, offset_s: float) -> Generator[tuple[float, av.VideoFrame], None, float]:
        """One round; returns its length."""
        times: list[float] = []
        for frame in self._container.decode(video=0):
            at_s = frame.time if frame.pts is not None else len(times) * GUESSED_STEP_S
            times.append(at_s)
            yield offset_s + at_s - times[0], frame
        if not times:
            raise HardwareError(f"{self._path} holds no picture that can be decoded.")
        # The last picture is shown as long as the average one.
        rounds = max(1, len(times) - 1)
        return times[-1] - times[0] + ((times[-1] - times[0]) / rounds or GUESSED_STEP_S)


def open_video(path: Path) -> av.container.InputContainer:
    """Open a file that has pictures; MissingError otherwise."""
    try:
        container = av.open(str(path))
    except FileNotFoundError as error:
        raise MissingError(f"There is no video file {path}. Check the path.") from error
    except (av.FFmpegError, OSError) as error:
        raise MissingError(f"{path} cannot be read as a video. Give an .mp4 or .mkv.") from error
    if not container.streams.video:
        container.close()
        raise MissingError(f"{path} holds no pictures. Give a video file.")
    container.streams.video[0].thread_type = "NONE"
    return container


def letterbox(frame: av.VideoFrame, picture: Picture) -> None:
    """Fit a decoded picture into ours: whole, centred, black beside it."""
    height, width = picture.y.shape
    scale = min(width / frame.width, height / frame.height)
    wide, high = (max(2, int(size * scale) // 2 * 2) for size in (frame.width, frame.height))
    left, top = (width - wide) // 4 * 2, (height - high) // 4 * 2
    fitted = frame.reformat(wide, high, "yuv420p").to_ndarray()
    if (wide, high) != (width, height):
        picture.y[:] = BLACK_Y
        picture.u[:] = BLACK_UV
        picture.v[:] = BLACK_UV
    picture.y[top : top + high, left : left + wide] = fitted[:high]
    chroma = fitted[high:].reshape(2, high // 2, wide // 2)
    rows, columns = slice(top // 2, (top + high) // 2), slice(left // 2, (left + wide) // 2)
    picture.u[rows, columns], picture.v[rows, columns] = chroma[0], chroma[1]
