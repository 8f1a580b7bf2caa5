"""The envelope on the wire: the only place where messages are dicts.

A request or a reply becomes a dict of plain values for the channel layer and is
checked field by field on its way in. Times are seconds since the epoch (UTC). What is
said of a message that cannot be read shows nothing of it: it may hold a card's token.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from common.context import Headers
from common.rpc.contract import CONTRACTS, Reply, Request, Value, read
from common.rpc.errors import (
    WIRE_ERRORS,
    ContractBroken,
    Crashed,
    Refused,
    ServiceError,
)
from common.rpc.redaction import SHOWN, redacted

Message = dict[str, Any]
Outcome = Literal["ok", "refused", "error"]
REPLY_CHANNEL = re.compile(r"[A-Za-z0-9_\-.]+![A-Za-z0-9_\-.]*")
ID = re.compile(r"[!-~]{0,100}")
METHOD = re.compile(r"[A-Z][A-Za-z]{0,59}")
LONGEST_DETAIL = 2000
MOST_SECONDS = 10**6
"""That a request waited, or was worked on."""

Id = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[!-~]*\Z")]
Time = Annotated[float, msgspec.Meta(ge=0, le=2**33)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=MOST_SECONDS)]


class RequestEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="request"
):
    """A request on its way to a service."""

    id: Id
    method: Annotated[str, msgspec.Meta(max_length=100)]
    version: Annotated[int, msgspec.Meta(ge=0, le=10**6)]
    sent_at: Time
    deadline: Time | None = None
    reply_to: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    headers: Headers
    body: Message


class ReplyEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="reply"
):
    """An answer, with the seconds its request waited and was worked on."""

    id: Id
    outcome: Outcome
    body: Message
    headers: Headers = Headers()
    queue_seconds: Seconds = 0.0
    handler_seconds: Seconds = 0.0


class RefusalBody(Value, frozen=True, kw_only=True):
    """The body of a reply that refuses: the refusal's name and its fields."""

    refusal: Annotated[str, msgspec.Meta(max_length=100)]
    fields: Message


class ErrorBody(Value, frozen=True, kw_only=True):
    """The body of a reply that tells of an error, by its name on the wire."""

    error: Annotated[str, msgspec.Meta(max_length=100)]
    detail: Annotated[str, msgspec.Meta(max_length=LONGEST_DETAIL)]


Envelope = TypeVar("Envelope", RequestEnvelope, ReplyEnvelope)


class Undecodable(Exception):
    """A message that is no request, or no reply.

    `id` is set if it can be read, and `reply_to` if a request can be answered.

    `reason` is one of a small fixed set, to be counted by.
    """

    def __init__(
        self, reason: str, detail: str, *, id: str = "", reply_to: str | None = None
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.id = id
        self.reply_to = reply_to


def encode(envelope: RequestEnvelope | ReplyEnvelope) -> Message:
    """Return the envelope as the dict that a channel layer carries."""
    message: Message = msgspec.to_builtins(envelope)
    return message


def seconds(measured: float) -> float:
    """Return a measured time as an envelope may carry it: clocks are set, and stop."""
    return min(max(measured, 0.0), float(MOST_SECONDS))


def decode_request(service: str, message: Any) -> tuple[RequestEnvelope, Request[Any]]:
    """Return a message's envelope and request, or raise Undecodable."""
    id, reply_to = _return_address(message)

    def undecodable(reason: str, detail: str) -> Undecodable:
        return Undecodable(reason, detail, id=id, reply_to=reply_to)

    try:
        envelope = _convert(message, RequestEnvelope)
    except ContractBroken as error:
        raise undecodable("bad_envelope", str(error)) from None
    if envelope.reply_to is not None and reply_to is None:
        length = len(envelope.reply_to)
        raise undecodable("bad_reply_to", f"{length} characters name no reply channel")
    contract = CONTRACTS.get((service, envelope.method))
    if contract is None:
        what = _shown(envelope.method)
        raise undecodable("unknown_method", f"{service} does not know {what}")
    if envelope.version != contract.version:
        what = f"{envelope.method} version {envelope.version}"
        known = contract.version
        raise undecodable("unknown_version", f"{what}; this is version {known}")
    try:
        return envelope, read(envelope.body, contract)
    except ContractBroken as error:
        raise undecodable("bad_body", str(error)) from None


def _shown(method: str) -> str:
    """Return a method's name if it looks like one; a card's token never does."""
    if METHOD.fullmatch(method):
        return method
    return f"a method whose name has {len(method)} characters"


def _convert(message: Any, kind: type[Envelope]) -> Envelope:
    """Return a message as an envelope; msgspec alone would do without its type."""
    if isinstance(message, dict) and "type" not in message:
        raise ContractBroken(f"{kind.__name__}: missing required field `type`")
    return read(message, kind)


def _return_address(message: Any) -> tuple[str, str | None]:
    """Return id and reply channel of a message, however broken the rest of it is."""
    if not isinstance(message, dict):
        return "", None
    id, reply_to = _id(message), message.get("reply_to")
    if id != message.get("id") or not isinstance(reply_to, str):
        return "", None
    if len(reply_to) >= 100:
        return "", None
    return id, reply_to if REPLY_CHANNEL.fullmatch(reply_to) else None


def decode_reply(message: Any) -> ReplyEnvelope:
    """Return a message as a reply, or raise Undecodable, with its id if it has one."""
    try:
        return _convert(message, ReplyEnvelope)
    except ContractBroken as error:
        raise Undecodable("bad_reply", str(error), id=_id(message)) from None


def _id(message: Any) -> str:
    """Return the id of a message, however broken the rest of it is; or nothing."""
    id = message.get("id") if isinstance(message, dict) else None
    return id if isinstance(id, str) and ID.fullmatch(id) else ""


def reply_to_ok(reply: Reply) -> tuple[Outcome, Message]:
    """Return outcome and body for a reply that `Service.perform` has checked."""
    body: Message = msgspec.to_builtins(reply)
    return "ok", body


def reply_to_refusal(refusal: Refused) -> tuple[Outcome, Message]:
    """Return outcome and body for a declared refusal."""
    return "refused", {
        "refusal": type(refusal).__name__,
        "fields": msgspec.to_builtins(refusal),
    }


def reply_to_error(error: ServiceError) -> tuple[Outcome, Message]:
    """Return outcome and body for an error."""
    name = type(error).__name__ if type(error).__name__ in WIRE_ERRORS else "Crashed"
    return "error", {"error": name, "detail": str(error)[:SHOWN]}


def open_reply(request: Request[Any], envelope: ReplyEnvelope) -> Reply:
    """Return the reply inside an envelope, or raise the ServiceError it tells of.

    What this request cannot be answered with is ContractBroken, and not believed. Of a
    peer's words only what `redacted` lets through is repeated.
    """
    try:
        answer = _answer_in(request, envelope)
        if isinstance(answer, Reply | Refused):
            request.check(answer)
    except ContractBroken as error:
        answer = ContractBroken(f"reply to {type(request).__name__}: {error}")
    if isinstance(answer, Reply):
        return answer
    answer.queue_seconds = envelope.queue_seconds
    answer.handler_seconds = envelope.handler_seconds
    raise answer


def _answer_in(
    request: Request[Any], envelope: ReplyEnvelope
) -> Reply | Refused | ServiceError:
    if envelope.outcome == "ok":
        return read(envelope.body, request.reply)
    if envelope.outcome == "refused":
        body = read(envelope.body, RefusalBody)
        declared = {refusal.__name__: refusal for refusal in request.refuses}
        if body.refusal not in declared:
            name = redacted(_shown(body.refusal), request)
            raise ContractBroken(f"undeclared refusal {name}")
        return read(body.fields, declared[body.refusal])
    error = read(envelope.body, ErrorBody)
    return WIRE_ERRORS.get(error.error, Crashed)(redacted(error.detail, request))
