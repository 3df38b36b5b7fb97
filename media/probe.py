"""Learning by padding whether the network carries more. Pure: times are passed in, in seconds.

rest ──calm, and the pause is over──▶ step 1 ──held, calm──▶ step 2 … ──▶ passed
  ▲                                     │ a queue, losses, silence          │ (climb)
  └──────── pause doubled ──────────────┴───────────────────────────────────┘ fell again
"""

from __future__ import annotations

from media.signals import Path

# Each step asks for so much more; four of them lead from the small picture to the large one.
STEP_FACTOR = 1.6
# A queue of a narrow place shows within this time; that of one that nearly suffices grows slowly.
HOLD_S = 0.6
LAST_HOLD_S = 1.6
# Before the first step the way has been free for so long.
CALM_S = 1.0
# More than the timers of a busy phone and a busy doorbell make of an empty way.
QUEUE_LIMIT_S = 0.08
SILENCE_LIMIT_S = 0.35
LOSS_RISE = 0.08
BUSY_LOSS = 0.12
# RTCP reports about once a second; without the phone's statistics a step lasts two of them.
SLOW_HOLD_S = 2.2
# What was really sent may be less than was asked for; below this nothing was learnt.
SENT_SHARE = 0.75
HOLDS_MOST = 2.5
PAUSE_S = 1.0
# Of each look, ten a second: pictures come in groups of a second.
MEDIA_SMOOTHING = 0.1
# A network that is far too narrow is asked often: it costs little, and people wait for it.
NARROW_PAUSE_LIMIT_S = 4.0
# One that nearly suffices is asked seldom, for each answer costs a megabit.
NEAR_PAUSE_LIMIT_S = 60.0
NEAR_SHARE = 0.5


class Probe:
    """Rises from `base_bps` to `goal_bps` in steps. `padding_bps` is what is to be sent beside."""

    def __init__(self, base_bps: int, goal_bps: int) -> None:
        self.padding_bps = 0
        self.proven_bps = base_bps
        self._base_bps, self._media_bps = base_bps, float(base_bps)
        self._goal_bps = goal_bps
        self._target_bps = 0.0
        self._since_s = 0.0
        self._calm_since_s: float | None = None
        self._loss = 0.0
        self._pause_s = PAUSE_S
        self._not_before_s = float("-inf")

    def step(self, path: Path, now_s: float) -> bool:
        """Go on; True once the goal has been held. Padding ends with that."""
        if self._target_bps:
            return self._judge(path, now_s)
        self._media_bps += MEDIA_SMOOTHING * (path.sent_bps - self._media_bps)
        if self._is_busy(path):
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = now_s
        elif now_s - self._calm_since_s >= CALM_S and now_s >= self._not_before_s:
            self._loss = path.loss
            # A still picture is coded with next to nothing; the network carries a moving one.
            self._rise(max(self._base_bps, self._media_bps), now_s)
        return False

    def stop(self, now_s: float, pause_s: float = 0.0) -> None:
        """Rest for at least so long: the layer has changed, or the network has."""
        self.padding_bps, self._target_bps = 0, 0.0
        self._calm_since_s = None
        self._not_before_s = max(self._not_before_s, now_s + pause_s)

    def narrowed(self, to_bps: float) -> None:
        """The network has been seen to carry no more than this."""
        self.proven_bps = int(min(self.proven_bps, to_bps))

    def forgive(self) -> None:
        """The network has carried the goal for long: the next doubt begins anew."""
        self._pause_s = PAUSE_S

    def _judge(self, path: Path, now_s: float) -> bool:
        if self._is_too_much(path):
            self._fail(now_s)
            return False
        if now_s - self._since_s < self._hold_s(path):
            return False
        if path.sent_bps < SENT_SHARE * self._target_bps:
            if now_s - self._since_s > HOLDS_MOST * self._hold_s(path):
                self.stop(now_s, PAUSE_S)
            return False
        self.proven_bps = int(max(self.proven_bps, self._target_bps))
        if self._target_bps >= self._goal_bps:
            self.stop(now_s)
            return True
        self._rise(self._target_bps, now_s)
        return False

    def _is_busy(self, path: Path) -> bool:
        return (
            path.queue_s > QUEUE_LIMIT_S or path.silent_s > SILENCE_LIMIT_S or path.loss > BUSY_LOSS
        )

    def _is_too_much(self, path: Path) -> bool:
        limited = path.limit_fell and (path.limit_bps or 0) < 0.8 * path.sent_bps
        return (
            path.queue_s > QUEUE_LIMIT_S
            or path.silent_s > SILENCE_LIMIT_S
            or path.loss > self._loss + LOSS_RISE
            or (limited and not path.telling)
        )

    def _hold_s(self, path: Path) -> float:
        if not path.telling:
            return SLOW_HOLD_S
        hold_s = LAST_HOLD_S if self._target_bps >= self._goal_bps else HOLD_S
        return hold_s + path.base_s

    def _rise(self, from_bps: float, now_s: float) -> None:
        target_bps = from_bps * STEP_FACTOR
        # A last step that is small would cost as much time as a large one.
        if target_bps * 1.15 > self._goal_bps:
            target_bps = self._goal_bps
        self._target_bps, self._since_s = target_bps, now_s
        self.padding_bps = int(max(0.0, target_bps - self._media_bps))

    def _fail(self, now_s: float) -> None:
        near = self._target_bps >= NEAR_SHARE * self._goal_bps
        self.narrowed(self._target_bps / STEP_FACTOR)
        self.stop(now_s, self._pause_s)
        limit_s = NEAR_PAUSE_LIMIT_S if near else NARROW_PAUSE_LIMIT_S
        self._pause_s = min(limit_s, 2 * self._pause_s)
