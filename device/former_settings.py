"""What older versions of the doorbell called its settings."""

from __future__ import annotations

from protocol.former_settings import Former, switched_on

FORMER = {
    "camera.flip": Former(
        "Write camera.rotation = 180 for a camera that hangs upside down, and remove it.",
        now="camera.rotation",
        value=lambda flip: 180 if switched_on(flip) else 0,
    ),
    "mqtt.allow_unlock": Former(
        "Remove it; a phone that manages the household decides that now, under Rules."
    ),
}
