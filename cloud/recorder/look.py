"""The pictures of a clip, made by a process of its own: `python -m cloud.recorder.look`.

Reads jobs from its standard input and answers on its standard output, one line of JSON each; ends
with its input. A decoder that is fed by strangers may crash, hang or grow: here it harms nobody.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from cloud.recorder.strip import seen
from media.still import StillError

# Whatever else this machine does is more urgent.
NICENESS = 15
# A picture of 4K takes 13 MB, a decoder holds up to 17 of them; the libraries map 300 MB.
MEMORY_LIMIT_BYTES = 1024**3


def main() -> int:
    """Do jobs until the input ends."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
    return 0


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The pictures of `job["file"]`, or why there are none."""
    try:
        found = seen(Path(job["file"]), job["at_ms"])
    except (StillError, MemoryError) as error:
        return {"error": str(error) or "out of memory"}
    return {
        "size_bytes": found.size_bytes,
        "preview": found.preview.model_dump(),
        "strip": base64.b64encode(found.strip).decode(),
        "picture": base64.b64encode(found.picture).decode(),
    }


if __name__ == "__main__":
    sys.exit(main())
