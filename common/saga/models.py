"""The row of a saga, and of its history: abstract models for an application's own.

An application gives its model a `status`, what belongs to its business, and two models
with a foreign key to it, whose `related_name` is `transitions` and `steps`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

ATTENTION = 200
"""Characters that say why a person should look."""


class Saga(models.Model):
    """A piece of work of several steps, each in another service's hands.

    The row is the task list, too: whoever takes it when it is due carries it on.
    """

    BEGUN: ClassVar[str]
    """The status in which its steps are tried."""
    COMPLETED: ClassVar[str]
    """The status in which all steps are done."""
    COMPENSATING: ClassVar[str] = "compensating"
    """The status in which its steps are compensated, until it gets its `outcome`."""
    TRANSITIONS: ClassVar[frozenset[tuple[str, str]]]
    """All transitions that there are; the first one is from an empty status."""
    REJECTED: ClassVar[str] = "rejected"
    """The outcome if a service refused a step."""
    EXPIRED: ClassVar[str] = "expired"
    """The outcome if the deadline passed before all steps were done."""

    status = models.CharField(max_length=12)
    outcome = models.CharField(
        max_length=10, blank=True, help_text="what the compensation will end in"
    )
    reason = models.JSONField(null=True, blank=True, help_text="a problem (RFC 9457)")
    deadline = models.DateTimeField()

    next_attempt_at = models.DateTimeField(
        null=True, db_index=True, help_text="when it may be taken up: the lease"
    )
    attempts = models.PositiveIntegerField(
        default=0, help_text="how often it was taken up"
    )
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    needs_attention = models.BooleanField(default=False)
    attention = models.CharField(max_length=ATTENTION, blank=True)

    correlation_id = models.CharField(max_length=64, blank=True)
    traceparent = models.CharField(max_length=128, blank=True)
    tracestate = models.CharField(max_length=512, blank=True)
    flags = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def load(cls, rows: Sequence[Any]) -> None:
        """Read what steps need and rows do not hold; called once they are taken."""

    @classmethod
    def under_way(cls) -> Q:
        """Return the condition for sagas that have not ended."""
        return Q(status__in=(cls.BEGUN, cls.COMPENSATING))


class Transition(models.Model):
    """One status transition, written with it. For people and the audit."""

    start = models.CharField(max_length=12, blank=True)
    end = models.CharField(max_length=12)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.start} → {self.end}"


class Attempt(models.Model):
    """One attempt at a step. For people: nothing that carries a saga on reads it."""

    name = models.CharField(max_length=30)
    service = models.CharField(max_length=20)
    outcome = models.CharField(max_length=200)
    left_out = models.PositiveIntegerField(
        default=0, help_text="attempts at this step before this one that were dropped"
    )
    queue_ms = models.FloatField(null=True)
    handler_ms = models.FloatField(null=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"
