"""Prometheus metrics of this process: requests and turns.

One registry an application, so that tests do not share counters. Counts; never decides.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The desk's meters."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "frontdesk_request_seconds",
            "Time to answer a request, event streams left out.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.turns = Counter(
            "frontdesk_turns",
            "Customer messages by what the desk did.",
            ["action"],
            registry=self.registry,
        )
        self.stages = Histogram(
            "frontdesk_stage_seconds",
            "Time of one stage of a turn.",
            ["stage"],
            buckets=BUCKETS,
            registry=self.registry,
        )
