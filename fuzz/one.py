"""One target under Atheris: `python -m fuzz.one TARGET …libFuzzer's arguments`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["protocol", "cloud", "device", "media", "aiortc.sdp"]):
    from fuzz.targets import TARGETS


def main() -> None:
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
