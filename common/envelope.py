"""The envelope on the wire: the only place where messages are dicts.

A request or a reply becomes a dict of plain values for the channel layer and is
checked field by field on its way in. Times are seconds since the epoch (UTC).
"""

import re
from typing import Any, Literal, TypeVar

import msgspec

from common.context import Headers
from common.contract import CONTRACTS, Reply, Request
from common.errors import WIRE_ERRORS, ContractBroken, Crashed, Refused, ServiceError

Message = dict[str, Any]
Outcome = Literal["ok", "refused", "error"]
REPLY_CHANNEL = re.compile(r"[A-Za-z0-9_\-.]+![A-Za-z0-9_\-.]*")


class RequestEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="request"
):
    """A request on its way to a service."""

    id: str
    method: str
    version: int
    sent_at: float
    deadline: float | None = None
    reply_to: str | None = None
    headers: Headers
    body: Message


class ReplyEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="reply"
):
    """An answer, with the seconds its request waited and was worked on."""

    id: str
    outcome: Outcome
    body: Message
    headers: Headers = Headers()
    queue_seconds: float = 0.0
    handler_seconds: float = 0.0


Envelope = TypeVar("Envelope", RequestEnvelope, ReplyEnvelope)


class Undecodable(Exception):
    """A message that is no request; `reply_to` and `id` are set if it can be answered.

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


def encode_body(request: Request[Any]) -> Message:
    """Return the request's fields, checked as the receiver will check them.

    Raises ContractBroken, since constructors do not validate.
    """
    body: Message = msgspec.to_builtins(request)
    decode_body(type(request), body)
    return body


def decode_body(contract: type[Request[Any]], body: Message) -> Request[Any]:
    """Return the body as a request, or raise ContractBroken naming the field."""
    try:
        request: Request[Any] = msgspec.convert(body, contract)
        return request
    except msgspec.ValidationError as error:
        raise ContractBroken(f"{contract.__name__}: {error}") from error


def decode_request(service: str, message: Any) -> tuple[RequestEnvelope, Request[Any]]:
    """Return a message's envelope and request, or raise Undecodable."""
    id, reply_to = _return_address(message)
    try:
        envelope = _convert(message, RequestEnvelope)
    except (msgspec.ValidationError, TypeError) as error:
        raise Undecodable(
            "bad_envelope", f"envelope: {error}", id=id, reply_to=reply_to
        ) from error
    if envelope.reply_to is not None and reply_to is None:
        raise Undecodable("bad_reply_to", f"no reply channel: {envelope.reply_to!r}")
    contract = CONTRACTS.get((service, envelope.method))
    if contract is None:
        known = ", ".join(sorted(m for s, m in CONTRACTS if s == service))
        raise Undecodable(
            "unknown_method",
            f"{service} has no method {envelope.method!r}; it has {known}",
            id=id,
            reply_to=reply_to,
        )
    if envelope.version != contract.version:
        raise Undecodable(
            "unknown_version",
            f"{envelope.method} version {envelope.version}; this is {contract.version}",
            id=id,
            reply_to=reply_to,
        )
    try:
        return envelope, decode_body(contract, envelope.body)
    except ContractBroken as error:
        raise Undecodable("bad_body", str(error), id=id, reply_to=reply_to) from error


def _convert(message: Any, kind: type[Envelope]) -> Envelope:
    """Return a message as an envelope; msgspec alone would do without its type."""
    if isinstance(message, dict) and "type" not in message:
        raise msgspec.ValidationError("Object missing required field `type`")
    return msgspec.convert(message, kind)


def _return_address(message: Any) -> tuple[str, str | None]:
    """Return id and reply channel of a message, however broken the rest of it is."""
    if not isinstance(message, dict):
        return "", None
    id, reply_to = message.get("id"), message.get("reply_to")
    if not isinstance(id, str) or not isinstance(reply_to, str):
        return "", None
    if len(reply_to) >= 100 or not REPLY_CHANNEL.fullmatch(reply_to):
        return id, None
    return id, reply_to


def decode_reply(message: Any) -> ReplyEnvelope:
    """Return a message as a reply, or raise Undecodable."""
    try:
        return _convert(message, ReplyEnvelope)
    except (msgspec.ValidationError, TypeError) as error:
        raise Undecodable("bad_reply", str(error)) from error


def reply_to_ok(reply: Reply) -> tuple[Outcome, Message]:
    """Return outcome and body for a reply, checked as its receiver will check it.

    Raises ContractBroken.
    """
    body: Message = msgspec.to_builtins(reply)
    try:
        msgspec.convert(body, type(reply))
    except msgspec.ValidationError as error:
        raise ContractBroken(f"{type(reply).__name__}: {error}") from error
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
    return "error", {"error": name, "detail": str(error)}


def open_reply(contract: type[Request[Any]], envelope: ReplyEnvelope) -> Reply:
    """Return the reply inside an envelope, or raise the ServiceError it tells of."""
    try:
        if envelope.outcome == "ok":
            reply: Reply = msgspec.convert(envelope.body, contract.reply)
            return reply
        raise _error_in(contract, envelope)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise ContractBroken(f"reply to {contract.__name__}: {error}") from error


def _error_in(contract: type[Request[Any]], envelope: ReplyEnvelope) -> ServiceError:
    body = envelope.body
    error: ServiceError
    if envelope.outcome == "refused":
        declared = {refusal.__name__: refusal for refusal in contract.refuses}
        if body["refusal"] not in declared:
            raise KeyError(f"undeclared refusal {body['refusal']!r}")
        error = msgspec.convert(body["fields"], declared[body["refusal"]])
    else:
        error = WIRE_ERRORS.get(body["error"], Crashed)(body["detail"])
    error.queue_seconds = envelope.queue_seconds
    error.handler_seconds = envelope.handler_seconds
    return error
