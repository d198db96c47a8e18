"""Prometheus metrics of this process: requests, turns and the stages of a turn.

One registry an application, so that tests do not share counters. Counts; never decides.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


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
        self.batches = Histogram(
            "frontdesk_batch_messages",
            "Messages that the model read together with one of this process's.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )

    def observe_reading(self, took: Mapping[str, float]) -> None:
        """Count what the model's process says of a batch: seconds a stage, and its size."""
        for stage in ("queue", "encode", "search"):
            self.stages.labels(stage).observe(took[stage])
        self.batches.observe(took["batch"])
