"""Whatever arrives, decoding ends in a request or in a counted reason."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.context import Headers
from common.contracts import orders, payments  # noqa: F401 register theirs
from common.contracts.inventory import AllocateInventory, Line, OutOfStock, ShortLine
from common.rpc.contract import CONTRACTS, plain
from common.rpc.envelope import (
    ReplyEnvelope,
    RequestEnvelope,
    Undecodable,
    decode_reply,
    decode_request,
    encode,
    open_reply,
    reply_to_error,
    reply_to_refusal,
)
from common.rpc.errors import ContractBroken, Crashed, NoReply

REASONS = {
    "bad_envelope",
    "bad_reply_to",
    "bad_body",
    "unknown_method",
    "unknown_version",
}
ALLOCATE = AllocateInventory(
    order_id=uuid4(),
    lines=(Line(sku="MUG", quantity=3),),
    deadline=datetime(2026, 1, 1, tzinfo=UTC),
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
GOOD: dict[str, Any] = {
    "type": "request",
    "id": "1",
    "method": "ReleaseInventory",
    "version": 1,
    "sent_at": 1.0,
    "deadline": None,
    "reply_to": "response.a!b",
    "headers": {},
    "body": {"order_id": str(uuid4())},
}


def decoded(message: Any) -> str:
    """Return `ok`, or the reason for which a message was not decoded."""
    try:
        decode_request("inventory", message)
    except Undecodable as error:
        assert error.reply_to is None or "!" in error.reply_to
        return error.reason
    return "ok"


def test_a_good_message_is_decoded() -> None:
    assert decoded(GOOD) == "ok"
    assert decoded({**GOOD, "added_later": 1}) == "ok"


@given(anything)
def test_anything_at_all_has_a_reason(message: Any) -> None:
    assert decoded(message) in REASONS


@given(st.sampled_from(sorted(GOOD)), anything)
def test_a_good_message_with_one_field_of_anything(field: str, value: Any) -> None:
    assert decoded({**GOOD, field: value}) in REASONS | {"ok"}


@given(st.sampled_from(sorted(CONTRACTS)), anything)
def test_any_body_of_any_contract(contract: tuple[str, str], body: Any) -> None:
    service, method = contract
    message = {**GOOD, "method": method, "body": body}
    try:
        decode_request(service, message)
    except Undecodable as error:
        assert error.reason in {"bad_body", "bad_envelope"}


@given(anything)
def test_any_reply_is_a_reply_or_a_reason(message: Any) -> None:
    with pytest.raises(Undecodable):
        decode_reply(message)


@given(anything)
def test_any_body_of_a_reply_is_a_reply_or_a_broken_contract(body: Any) -> None:
    for outcome in ("ok", "refused", "error"):
        try:
            reply = decode_reply(
                {"type": "reply", "id": "1", "outcome": outcome, "body": body}
            )
        except Undecodable:
            continue
        with pytest.raises((ContractBroken, Crashed, NoReply)):
            open_reply(ALLOCATE, reply)


def test_a_request_comes_out_as_it_went_in() -> None:
    from common import clock

    request = AllocateInventory(
        order_id=uuid4(),
        lines=(Line(sku="MUG", quantity=2),),
        deadline=clock.after(60),
    )
    envelope = RequestEnvelope(
        id="1",
        method="AllocateInventory",
        version=1,
        sent_at=1.5,
        deadline=2.5,
        reply_to="response.a!b",
        headers=Headers(correlation_id="c", flags=("x",), attempt=2),
        body=plain(request),
    )
    assert decode_request("inventory", encode(envelope)) == (envelope, request)


def test_a_refusal_comes_out_as_it_went_in() -> None:
    short = ShortLine(sku="MUG", quantity=3, free=1)
    outcome, body = reply_to_refusal(OutOfStock(lines=(short,)))
    envelope = ReplyEnvelope(id="1", outcome=outcome, body=body, queue_seconds=0.5)
    with pytest.raises(OutOfStock, match="MUG: 3 wanted, 1 free") as caught:
        open_reply(ALLOCATE, envelope)
    assert caught.value.queue_seconds == 0.5


def test_an_error_of_a_newer_service_is_an_unknown_outcome() -> None:
    outcome, body = reply_to_error(NoReply("x"))
    envelope = ReplyEnvelope(
        id="1", outcome=outcome, body={**body, "error": "InventedLater"}
    )
    with pytest.raises(Crashed):
        open_reply(ALLOCATE, envelope)
