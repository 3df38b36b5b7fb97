"""The app's service worker, built from source as the app's own build does it."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

APP = Path(__file__).parents[2] / "mobile-web"
# Two busy cores need a few seconds; more means that something waits for input.
BUILD_LIMIT_S = 60
_SCRIPT = """
import { build } from "vite";
const result = await build({
  configFile: false, logLevel: "silent",
  define: { "self.__WB_MANIFEST": "[]", "process.env.NODE_ENV": '"production"' },
  build: { write: false, target: "es2022", lib: {
    entry: "src/sw/worker.ts", formats: ["iife"], name: "worker", fileName: () => "worker.js" } },
});
process.stdout.write(JSON.stringify(result[0].output[0].code));
"""


@cache
def worker_script() -> str:
    """JavaScript of the worker, without files to precache."""
    made = subprocess.run(
        ["node", "--input-type=module", "--eval", _SCRIPT],
        cwd=APP, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=True,
    )  # fmt: skip
    script: str = json.loads(made.stdout)
    return script
