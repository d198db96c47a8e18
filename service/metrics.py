"""Prometheus metrics of this process: requests, turns and the stages of a turn.

One registry an application, so that tests do not share counters. Counts; never decides. What it
counts of a turn it also gives to the spans, when there are any.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from service.tracing import Running, Tracing

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
READ_STAGES = ("queue", "encode", "search")  # in the model's process, one after the other
STAGES = ("read", *READ_STAGES, "route", "store")


class Stage:
    """Takes the time of what is done within it, in ``seconds``; counts it unless it failed."""

    __slots__ = ("_meter", "_span", "_start", "seconds")

    def __init__(self, meter: Histogram, span: "Running | None") -> None:
        self._meter = meter
        self._span = span
        self.seconds = 0.0

    def __enter__(self) -> "Stage":
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._start
        if kind is None:
            self._meter.observe(self.seconds)
        if self._span is not None:
            self._span.end(kind.__name__ if kind else "")


class Metrics:
    """The desk's meters."""

    def __init__(self, tracing: "Tracing | None" = None) -> None:
        self.tracing = tracing
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
        self._stages = {name: self.stages.labels(name) for name in STAGES}
        self.batches = Histogram(
            "frontdesk_batch_messages",
            "Messages that the model read together with one of this process's.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )

        self.alarms = Gauge(
            "frontdesk_alarms",
            "Alarms that are active, of the whole desk.",
            ["kind"],
            registry=self.registry,
        )

    def stage(self, name: str) -> Stage:
        """Begin a stage of a turn: a context to do it in."""
        span = self.tracing.stage(name) if self.tracing else None
        return Stage(self._stages[name], span)

    def observe_turn(self, action: str, why: Mapping[str, Any] | None) -> None:
        """Count a turn by what the desk did; ``why`` is its trace."""
        self.turns.labels(action).inc()
        if self.tracing and why:
            self.tracing.observe_turn(action, why["route"]["reason"], why["release"])

    def observe_reading(self, took: Mapping[str, float]) -> None:
        """Count what the model's process says of a batch: seconds a stage, and its size."""
        for stage in READ_STAGES:
            self._stages[stage].observe(took[stage])
        self.batches.observe(took["batch"])
        if self.tracing:
            self.tracing.observe_reading(took)
