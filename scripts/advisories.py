"""What public databases know of holes in our pins, where they can be asked.

A tool that could not reach its database, or that skipped packages, has not cleared anything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A hundred packages are asked for one by one over a slow line.
_PATIENCE_S = 300
_NO_TOOL = "it is not installed (pip install pip-audit)"


@dataclass(frozen=True)
class Opinion:
    """What a tool said: holes, or why it could not say."""

    tool: str
    holes: tuple[str, ...] = ()
    silent_because: str = ""


def pip_audit(
    requirements: Path, command: Sequence[str] = (sys.executable, "-m", "pip_audit")
) -> Opinion:
    """pip-audit's opinion on requirements with hashes."""
    tool = f"pip-audit of {requirements.name}"
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    output, trouble = _output([*command, *options, "-r", str(requirements)], requirements.parent)
    if "No module named" in trouble:
        return Opinion(tool, silent_because=_NO_TOOL)
    packages = output.get("dependencies")
    if packages is None:
        return Opinion(tool, silent_because=_last_line(trouble))
    holes = tuple(
        f"{package['name']} {package['version']}: {hole['id']}"
        for package in packages
        for hole in package.get("vulns", ())
    )
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        because = f"it found nothing on {len(skipped)} packages, such as {skipped[0]}"
        return Opinion(tool, holes, because)
    return Opinion(tool, holes)


def npm_audit(folder: Path, command: Sequence[str] = ("npm",)) -> Opinion:
    """npm's opinion on the app's package-lock.json."""
    output, trouble = _output([*command, "audit", "--json"], folder)
    found = output.get("vulnerabilities")
    if found is None:
        because = str(output.get("message", "")) or _last_line(trouble)
        return Opinion("npm audit", silent_because=because)
    holes = tuple(f"{name}: {hole['severity']}, {hole['range']}" for name, hole in found.items())
    return Opinion("npm audit", holes)


def _output(command: Sequence[str], folder: Path) -> tuple[dict[str, Any], str]:
    """What the tool wrote as JSON, and what it complained about."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {}, str(error)
    try:
        output = json.loads(done.stdout)
    except ValueError:
        output = {}
    return (output if isinstance(output, dict) else {}), done.stderr


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "it gave no answer"
