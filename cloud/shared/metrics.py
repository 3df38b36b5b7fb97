"""What the operator can watch, in the words of Prometheus; one registry per server."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

# From a doorbell on the same machine to one behind a slow uplink that is about to time out.
_ANSWER_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

# From a disk that is idle to one that hangs.
_WRITE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
# A step of a call's start on the household's own network, up to one that has all but failed.
_PHASE_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10)


class Metrics:
    """The server's counters. Never labelled by doorbell or phone: their number has no bound."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.links = Gauge("doorstep_links", "Doorbells connected.", registry=registry)
        self.calls = Counter("doorstep_calls", "Calls by outcome.", ["outcome"], registry=registry)
        self.active_calls = Gauge("doorstep_active_calls", "Calls now.", registry=registry)
        self.answer_s = Histogram(
            "doorstep_answer_seconds",
            "From a phone's offer to the doorbell's answer.",
            buckets=_ANSWER_BUCKETS_S,
            registry=registry,
        )
        self.call_phase_s = Histogram(
            "doorstep_call_phase_seconds",
            "Steps from a tap to a picture, as either end measured them.",
            ["end", "phase"],
            buckets=_PHASE_BUCKETS_S,
            registry=registry,
        )
        self.visits = Counter("doorstep_visits", "Visits opened.", ["cause"], registry=registry)
        self.streams = Gauge("doorstep_event_streams", "Phones listening.", registry=registry)
        self.pushes = Counter(
            "doorstep_pushes", "Pushes by service and result.", ["service", "result"],
            registry=registry,
        )  # fmt: skip
        self.refused = Counter(
            "doorstep_requests_refused", "Requests that came too often.", ["kind"],
            registry=registry,
        )  # fmt: skip
        self._of_recorder(registry)

    def _of_recorder(self, registry: CollectorRegistry) -> None:
        self.recordings = Gauge("doorstep_recordings", "Recordings now.", registry=registry)
        self.recorded_bytes = Counter(
            "doorstep_recorded_bytes", "Pictures and sound taken.", registry=registry
        )
        self.recording_gaps = Counter(
            "doorstep_recording_gaps", "Times that pictures were lost.", registry=registry
        )
        self.recording_write_s = Histogram(
            "doorstep_recording_write_seconds",
            "How long a recording waited for the disk.",
            buckets=_WRITE_BUCKETS_S,
            registry=registry,
        )
        self.recordings_ended = Counter(
            "doorstep_recordings_ended", "Recordings by end.", ["reason"], registry=registry
        )

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
