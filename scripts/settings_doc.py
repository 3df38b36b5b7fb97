"""docs/settings.md, written from the settings themselves.

python -m scripts.settings_doc           write it
python -m scripts.settings_doc --check   exit code 1 when it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path

from cloud.shared.settings import Settings as ServerSettings
from device.settings import Settings as DoorbellSettings
from protocol.settings import render

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
INTRODUCTION = """# Settings

Written by `make settings` from the settings themselves. A setting `port` in `[http]` is also the
variable `DOORSTEP_HTTP_PORT` and the flag `--http-port`. Flags win over variables, variables over
the file. An unknown name is refused with the nearest known one. Secrets never stand in a setting:
name the file that holds them.

`python -m device show-config` and `python -m cloud show-config` print what is in force.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(
        f"\n## {title}\n\n    {command}\n\n```toml\n{render(settings)}```\n"
        for title, command, settings in (
            ("Doorbell", "python -m device run --config device.toml", DoorbellSettings()),
            ("Server", "python -m cloud run --config cloud.toml", ServerSettings()),
        )
    )


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    # The built app's place depends on where the project lies.
    text = page().replace(str(PAGE.parent.parent), "/opt/doorstep")
    if "--check" in arguments:
        if PAGE.exists() and PAGE.read_text("utf-8") == text:
            return 0
        print("docs/settings.md is out of date. Run: make settings")
        return 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
