"""Every value in a message has its limits, and whatever arrives is met by them."""

import asyncio
import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from common.contracts.inventory import AllocateInventory
from common.contracts.money import Money
from common.contracts.orders import NoteRefundFailed, OrderOutcome
from common.contracts.reports.inventory import ListProducts
from common.contracts.reports.orders import AuditOrders
from common.rpc.contract import CONTRACTS, Reply, Request, check_fields, read
from common.rpc.envelope import (
    ErrorBody,
    RefusalBody,
    ReplyEnvelope,
    RequestEnvelope,
    Undecodable,
    decode_reply,
    decode_request,
    open_reply,
)
from common.rpc.errors import ContractBroken, NoReply, Refused, ServiceError
from common.rpc.service import Service
from tests.common.conftest import working

ALL = sorted(
    (c for (service, _), c in CONTRACTS.items() if service != "echo"),
    key=lambda contract: contract.__name__,
)
ENVELOPES = (RequestEnvelope, ReplyEnvelope, RefusalBody, ErrorBody)


def unlimited(kind: inspect.Type, where: str) -> Iterator[str]:
    """Yield what has no limit in a type, and in those that it is made of."""
    match kind:
        case inspect.IntType() | inspect.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            high = kind.le if kind.le is not None else kind.lt
            if low is None or high is None:
                yield f"{where}: a number without both bounds"
        case inspect.StrType():
            if kind.max_length is None:
                yield f"{where}: a text without a longest length"
            if kind.pattern and not re.fullmatch(r"\^.*\\Z", kind.pattern):
                yield f"{where}: a pattern that does not hold for the whole text"
        case inspect.DateTimeType():
            if kind.tz is not True:
                yield f"{where}: a time without a zone"
        case inspect.VarTupleType():
            if kind.max_length is None:
                yield f"{where}: a list without a longest length"
            yield from unlimited(kind.item_type, where)
        case inspect.UnionType():
            for one in kind.types:
                yield from unlimited(one, where)
        case inspect.StructType() | inspect.DataclassType():
            for field in kind.fields:
                yield from unlimited(field.type, f"{where}.{field.name}")
        case inspect.DictType(key_type=inspect.StrType(), value_type=inspect.AnyType()):
            if not where.endswith((".body", ".fields")):  # read by their contract
                yield f"{where}: anything at all"
        case (
            inspect.UUIDType()
            | inspect.BoolType()
            | inspect.NoneType()
            | inspect.LiteralType()
        ):
            pass
        case other:
            yield f"{where}: a {type(other).__name__}, of which no limits are known"


def unlimited_in(kind: type) -> list[str]:
    return list(unlimited(inspect.type_info(kind), kind.__name__))


@pytest.mark.parametrize("contract", ALL, ids=lambda c: c.__name__)
def test_everything_in_a_contract_has_its_limits(contract: type[Request[Any]]) -> None:
    for kind in (contract, contract.reply, *contract.refuses):
        assert unlimited_in(kind) == []


@pytest.mark.parametrize("kind", ENVELOPES, ids=lambda c: c.__name__)
def test_everything_in_the_envelope_has_its_limits(kind: type) -> None:
    assert unlimited_in(kind) == []


def test_what_has_no_limits_is_found() -> None:
    from datetime import datetime
    from typing import Annotated

    class Loose(msgspec.Struct):
        whole: int
        share: Annotated[float, msgspec.Meta(ge=0)]
        text: str
        ends: Annotated[str, msgspec.Meta(max_length=3, pattern="^[A-Z]{3}$")]
        at: datetime | None
        many: tuple[UUID, ...]
        any: Any
        deep: tuple[dict[str, Any], int]

    assert len(unlimited_in(Loose)) == len(Loose.__struct_fields__)


# ── whatever arrives ─────────────────────────────────────────────────────────

ODD = st.sampled_from(
    [
        *("", "\0", "EUR\n", "\ud800", "x" * 10_000, "MUG", "EUR", "placed", "inf"),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-01-01"),
        *("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2999-12-31T23:59:59Z"),
        *(float("nan"), float("inf"), -float("inf"), 1e308, -0.0, 0.5, 1.0),
        *(0, 1, -1, 2**31, 2**53, 2**63, 10**40, -(10**40), True, None, b"\xff"),
    ]
)
VALUES = st.recursive(
    ODD | st.text() | st.integers() | st.floats() | st.uuids().map(str),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def like(kind: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return values that are nearly of a type: mostly right, here and there odd."""
    return st.one_of(right(kind, depth), right(kind, depth), right(kind, depth), VALUES)


def right(kind: inspect.Type, depth: int) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType() | inspect.DataclassType():
            return st.fixed_dictionaries(
                {
                    field.encode_name: like(field.type, depth + 1)
                    for field in kind.fields
                }
            )
        case inspect.VarTupleType():
            return st.lists(like(kind.item_type, depth + 1), max_size=3)
        case inspect.UnionType():
            return st.one_of([right(one, depth) for one in kind.types])
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le)
        case inspect.UUIDType():
            return st.sampled_from([str(UUID(int=n)) for n in range(3)])
        case inspect.DateTimeType():
            return st.datetimes().map(lambda at: f"{at.isoformat()}Z")
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern)
        case inspect.StrType():
            return st.sampled_from(["MUG", "CUP", "x"]) | st.text(max_size=12)
    return st.none()


BODIES = {
    kind: like(inspect.type_info(kind))
    for contract in ALL
    for kind in (contract, contract.reply, *contract.refuses)
}


def is_sound(value: Any) -> None:
    """Fail for a value with which sums, sorting or a database would fail."""
    if isinstance(value, msgspec.Struct):
        names = list(value.__struct_fields__)
    else:
        names = [field.name for field in dataclasses.fields(value)]
    fields = {name: getattr(value, name) for name in names}
    check_fields(type(value).__name__, fields)
    for one in fields.values():
        for part in one if isinstance(one, tuple) else (one,):
            if isinstance(part, msgspec.Struct):
                is_sound(part)


@given(st.data())
def test_any_body_of_a_request_is_a_sound_request_or_a_counted_reason(
    data: st.DataObject,
) -> None:
    contract = data.draw(st.sampled_from(ALL))
    message = {
        "type": "request",
        "id": "1",
        "method": contract.__name__,
        "version": contract.version,
        "sent_at": data.draw(like(inspect.FloatType(ge=0, le=1e9))),
        "deadline": data.draw(like(inspect.FloatType(ge=0, le=1e9))),
        "headers": data.draw(st.just({}) | VALUES),
        "body": data.draw(BODIES[contract]),
    }
    try:
        _, request = decode_request(contract.service, message)
    except Undecodable as error:
        assert error.reason in {"bad_envelope", "bad_body"}
        assert len(str(error)) < 300
    else:
        is_sound(request)


REQUESTS = {contract: right(inspect.type_info(contract), 0) for contract in ALL}


@given(st.data())
def test_any_body_of_a_reply_is_a_sound_answer_or_a_broken_contract(
    data: st.DataObject,
) -> None:
    contract = data.draw(st.sampled_from(ALL))
    try:
        request = read(data.draw(REQUESTS[contract]), contract)
    except ContractBroken:
        return
    kind = data.draw(st.sampled_from([contract.reply, *contract.refuses, None]))
    body = data.draw(BODIES[kind] if kind else VALUES)
    outcome = data.draw(st.sampled_from(["ok", "refused", "error"]))
    if outcome == "refused" and kind:
        body = {"refusal": kind.__name__, "fields": body}
    try:
        envelope = decode_reply(
            {
                "type": "reply",
                "id": "1",
                "outcome": outcome,
                "body": body,
                "queue_seconds": data.draw(st.just(0.5) | ODD),
            }
        )
        answer: Reply | Refused = open_reply(request, envelope)
    except Undecodable:
        return
    except Refused as refusal:
        answer = refusal
    except ServiceError as error:
        assert len(str(error)) < 400
        return
    is_sound(answer)
    request.check(answer)


class Pipe:
    """A channel layer within one event loop, which carries what it is given."""

    def __init__(self) -> None:
        self.channels: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self.channels[channel].put(message)

    async def receive(self, channel: str) -> Any:
        return await self.channels[channel].get()

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}!x"


def answering(name: str) -> Service:
    """Return a service that says of each sound request that it had it."""
    service = Service(name)

    async def handler(request: Request[Any]) -> None:
        is_sound(request)
        raise NoReply("sound")

    service.handlers = dict.fromkeys((c for c in ALL if c.service == name), handler)
    return service


@settings(max_examples=60)
@given(st.data())
def test_a_worker_answers_whatever_comes_and_stays_up(data: st.DataObject) -> None:
    contract = data.draw(st.sampled_from(ALL))
    good = {
        "type": "request",
        "id": "1",
        "method": contract.__name__,
        "version": contract.version,
        "sent_at": 1.0,
        "reply_to": "response!x",
        "headers": {},
    }
    odd = data.draw(st.sampled_from(sorted({*good, "body"} - {"reply_to", "id"})))
    bodies = data.draw(st.lists(BODIES[contract], min_size=1, max_size=5))
    sent = [{**good, "body": body} for body in bodies]
    sent.append({**good, "body": {}, odd: data.draw(VALUES)})

    async def converse() -> list[Any]:
        layer = Pipe()
        async with working(answering(contract.service), layer, slots=2):
            for message in sent:
                await layer.send(f"{contract.service}.request", message)
            async with asyncio.timeout(5):
                return [await layer.receive("response!x") for _ in sent]

    for answer in map(decode_reply, asyncio.run(converse())):
        assert answer.outcome == "error"
        assert answer.body["error"] in {"ContractBroken", "NotServed", "NoReply"}
        assert answer.body["error"] != "NoReply" or answer.body["detail"] == "sound"


# ── what strangers sent ──────────────────────────────────────────────────────

ORDER = str(UUID(int=1))
LINES = [{"sku": "MUG", "quantity": 1}]
BAD = {
    "a deadline without a zone": (
        AllocateInventory,
        {"order_id": ORDER, "lines": LINES, "deadline": "2026-01-01T00:00:00"},
    ),
    "a deadline in the year 9999": (
        AllocateInventory,
        {"order_id": ORDER, "lines": LINES, "deadline": "9999-12-31T23:59:59Z"},
    ),
    "a deadline in the year 1": (
        AllocateInventory,
        {"order_id": ORDER, "lines": LINES, "deadline": "0001-01-01T00:00:00Z"},
    ),
    "more of one SKU than a reply can carry": (
        AllocateInventory,
        {
            "order_id": ORDER,
            "lines": [{"sku": "MUG", "quantity": 100_000}] * 2,
            "deadline": "2026-01-01T00:00:00Z",
        },
    ),
    "NUL in a SKU": (ListProducts, {"after": "MUG\0"}),
    "half a character": (ListProducts, {"after": "\ud800"}),
    "a grace without an end": (AuditOrders, {"grace_seconds": float("inf")}),
    "a grace that is no number": (AuditOrders, {"grace_seconds": float("nan")}),
    "refund number 10**40": (NoteRefundFailed, {"order_id": ORDER, "refund": 10**40}),
    "NUL in an error's detail": (ErrorBody, {"error": "Crashed", "detail": "\0"}),
    "a currency with a line's end": (Money, {"amount": 1, "currency": "EUR\n"}),
    "an order's status with a line's end": (OrderOutcome, {"status": "placed\n"}),
    "a status that no order has": (OrderOutcome, {"status": "lost"}),
}


@pytest.mark.parametrize("case", BAD)
def test_what_nobody_can_work_with_is_a_broken_contract(case: str) -> None:
    kind, body = BAD[case]
    with pytest.raises(ContractBroken):
        read(body, kind)


@pytest.mark.parametrize("field", ["queue_seconds", "handler_seconds"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0, 1e30])
def test_a_reply_with_impossible_seconds_is_none(field: str, value: float) -> None:
    reply = {"type": "reply", "id": "1", "outcome": "ok", "body": {}, field: value}
    with pytest.raises(Undecodable):
        decode_reply(reply)
