"""The history of a saga, for people to read."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from common.saga.models import Attempt, Transition

NOT_REACHED, NO_ANSWER, FAILED = "not reached", "no answer", "failed"
IN_PLAIN_WORDS = {"Busy": NOT_REACHED, "NotServed": NOT_REACHED, "NoReply": NO_ANSWER}
"""What a customer is told of an error; of any other one, that the step failed."""


def entries(row: Any, *, plain: bool = False) -> list[dict[str, Any]]:
    """Return a saga's timeline: its status transitions, and what was tried.

    A step that is tried for days keeps its first and last ten attempts; an entry
    between them says how many are left out, at the time of the one after it. `plain`
    is for customers: no error of ours in its own words.
    """
    service = row._meta.app_label
    transitions = (_transition(one, service) for one in row.transitions.order_by("id"))
    tried = chain.from_iterable(_step(step, plain) for step in row.steps.order_by("id"))
    return sorted(chain(tried, transitions), key=lambda entry: entry["at"])


def _step(step: Attempt, plain: bool) -> Iterator[dict[str, Any]]:
    entry = {
        "at": step.at,
        "step": step.name,
        "service": step.service,
        "outcome": _plain(step.outcome) if plain else step.outcome,
        "queue_ms": step.queue_ms,
        "handler_ms": step.handler_ms,
        "left_out": 0,
    }
    if count := step.left_out:
        outcome = f"… {count} more, not shown"
        unmeasured = {"queue_ms": None, "handler_ms": None}
        yield {**entry, **unmeasured, "outcome": outcome, "left_out": count}
    yield entry


def _plain(outcome: str) -> str:
    error = outcome.partition(":")[0]
    if outcome == "ok" or error == "refused":
        return outcome
    return IN_PLAIN_WORDS.get(error, FAILED)


def _transition(one: Transition, service: str) -> dict[str, Any]:
    return {
        "at": one.at,
        "step": f"{one.start or 'new'} → {one.end}",
        "service": service,
        "outcome": one.note or "ok",
        "queue_ms": None,
        "handler_ms": None,
        "left_out": 0,
    }
