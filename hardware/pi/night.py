"""Day or night at the door, decided from what the sensor says of the light; no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A hand or a van before the camera is not the evening.
DUSK_S = 5.0
# A passing car's lamps are not the morning.
DAWN_S = 60.0
# Who falls back into night within this time was woken by something else than the sun,
RELAPSE_S = 600.0
# and looks twice as long the next time, up to this.
DAWN_LIMIT_S = 1800.0
# Morning is when there is so much more light than at dusk, on top of the infra-red light's own.
DAWN_RATIO = 3.0
# The exposure needs about this long to follow a light that was switched.
SETTLE_S = 5.0
# Readings jump by a tenth from picture to picture; this evens them out.
SMOOTHING_S = 3.0
# Light times exposure at which a sensor's picture has the brightness below: 998 lux for 27.7 ms at
# gain 1, for Camera Module 2; others differ by less than a factor of two.
REFERENCE_LUX_US = 998 * 27_685
REFERENCE_BRIGHTNESS = 0.19
# Pictures are stored by about this power of their light.
GAMMA = 2.2


class Nightfall:
    """Night begins below `dusk_lux`; however the light changes, it does not flutter."""

    def __init__(self, dusk_lux: float) -> None:
        self._dusk_lux = dusk_lux
        self.dark = False
        self._lux: float | None = None
        self._seen_s = 0.0
        self._since_s = float("-inf")
        self._against_s: float | None = None
        self._floor_lux = float("inf")
        self._dawn_s = DAWN_S

    def judge(self, lux: float | None, at_s: float) -> bool:
        """Whether it is night, after a reading at this time; None is no reading."""
        if lux is None:
            return self.dark
        level = self._smooth(lux, at_s)
        if self.dark and at_s - self._since_s >= SETTLE_S:
            # The least light of this night: what the infra-red light alone gives.
            self._floor_lux = min(self._floor_lux, level)
        if not self._speaks_against(level):
            self._against_s = None
        elif self._against_s is None:
            self._against_s = at_s
        elif at_s - self._against_s >= (self._dawn_s if self.dark else DUSK_S):
            self._turn(at_s)
        return self.dark

    def _speaks_against(self, level: float) -> bool:
        if not self.dark:
            return level < self._dusk_lux
        if self._floor_lux == float("inf"):
            return False
        return level > self._floor_lux + DAWN_RATIO * self._dusk_lux

    def _turn(self, at_s: float) -> None:
        if not self.dark:
            relapse = at_s - self._since_s < RELAPSE_S
            self._dawn_s = min(DAWN_LIMIT_S, 2 * self._dawn_s) if relapse else DAWN_S
        self.dark, self._since_s = not self.dark, at_s
        self._against_s, self._lux, self._floor_lux = None, None, float("inf")

    def _smooth(self, lux: float, at_s: float) -> float:
        passed_s, self._seen_s = at_s - self._seen_s, at_s
        if self._lux is None:
            self._lux = lux
        share = min(1.0, max(0.0, passed_s) / SMOOTHING_S)
        self._lux += (lux - self._lux) * share
        return self._lux


def lux_of(metadata: Mapping[str, Any], brightness: float | None = None) -> float | None:
    """The light on the scene in lux: as libcamera tells it, or worked out from the exposure.

    `brightness` is the picture's mean luma, 0 to 1. None when nothing is known.
    """
    told = metadata.get("Lux")
    if told is not None:
        return float(told)
    exposure_us, gain = metadata.get("ExposureTime"), metadata.get("AnalogueGain")
    if not exposure_us or not gain:
        return None
    shown = 1.0 if brightness is None else brightness**GAMMA / REFERENCE_BRIGHTNESS
    return float(REFERENCE_LUX_US / (exposure_us * gain) * shown)
