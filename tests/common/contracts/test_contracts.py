"""Every contract keeps the rules that make it one, and has exactly one handler."""

import dataclasses
import inspect
from typing import Any, get_type_hints

import msgspec
import pytest

import common.contracts.inventory
import common.contracts.orders
import common.contracts.payments
from common.rpc.contract import CONTRACTS, Reply, Request
from common.rpc.errors import Refused
from common.rpc.process_client import find_service

SERVICES = ("orders", "inventory", "payments")
OURS = [c for (service, _), c in CONTRACTS.items() if service in SERVICES]
ALL = sorted(OURS, key=lambda contract: contract.__name__)


@pytest.mark.parametrize("contract", ALL, ids=lambda c: c.__name__)
def test_a_contract_is_frozen_keyword_only_and_versioned(
    contract: type[Request[Any]],
) -> None:
    for struct in (contract, contract.reply):
        assert struct.__struct_config__.frozen
        positional = [
            p
            for p in inspect.signature(struct).parameters.values()
            if p.kind is not p.KEYWORD_ONLY
        ]
        assert positional == []
    assert isinstance(contract.version, int)
    assert contract.timeout > 0
    assert issubclass(contract.reply, Reply)
    assert all(issubclass(refusal, Refused) for refusal in contract.refuses)
    assert contract.__doc__


@pytest.mark.parametrize("contract", ALL, ids=lambda c: c.__name__)
def test_a_contract_has_one_handler_that_returns_its_reply(
    contract: type[Request[Any]],
) -> None:
    handlers = [
        service.handlers[contract]
        for service in map(find_service, SERVICES)
        if contract in service.handlers
    ]
    assert len(handlers) == 1
    assert get_type_hints(handlers[0])["return"] is contract.reply
    assert contract in find_service(contract.service).handlers


FIELDS: dict[str, Any] = {
    "code": "unknown_card",
    "message": "x",
    "skus": ("MUG",),
    "lines": (common.contracts.inventory.ShortLine(sku="MUG", quantity=2, free=1),),
}
"""A value for each field of a refusal."""


def test_no_two_refusals_share_a_name() -> None:
    names = [r.__name__ for c in ALL for r in c.refuses]
    types = {r for c in ALL for r in c.refuses}
    assert len(types) == len(set(names))


@pytest.mark.parametrize("contract", ALL, ids=lambda c: c.__name__)
def test_a_refusal_survives_the_wire(contract: type[Request[Any]]) -> None:
    for refusal in contract.refuses:
        names = [field.name for field in dataclasses.fields(refusal)]
        sent = refusal(**{name: FIELDS[name] for name in names})
        arrived = msgspec.convert(msgspec.to_builtins(sent), refusal)
        assert type(arrived) is refusal
        assert vars(arrived) == vars(sent)
        assert str(arrived.as_problem()["type"]).startswith("urn:cutpoints:problem:")
