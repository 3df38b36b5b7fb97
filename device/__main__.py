"""`python -m device`."""

from __future__ import annotations

import gc
import sys

# What a start makes stays: to look through it for rubbish again and again is a tenth of its time.
# The running doorbell switches this on again as soon as it is ready.
gc.disable()

from device.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
