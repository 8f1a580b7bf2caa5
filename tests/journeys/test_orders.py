"""Orders through three services, over HTTP, as a customer meets them."""

import json
import re
import subprocess
import uuid

import httpx
import pytest

from common.conf.embedded import ROOT
from common.contracts.topology import SERVING
from tests.journeys.conftest import Running

pytestmark = pytest.mark.journey

LATE_FAILURE = "4000000000005126"


def place(running: Running, card: str | None = None, **lines: int) -> dict[str, str]:
    """Place a guest's order and return its id and token."""
    token = running.shop.card(card) if card else running.shop.card()
    answer = running.shop.place(lines or {"MUG": 1}, token)
    assert answer.status_code == 202, answer.text
    return {"order_id": answer.json()["id"], "token": answer.json()["token"]}


def test_a_guest_orders_and_cancels_after_the_confirmation(running: Running) -> None:
    order = place(running, MUG=2)
    confirmed = running.shop.ended(**order)
    assert confirmed["status"] == "confirmed"
    assert confirmed["total"] == {"amount": 2500, "currency": "EUR"}

    assert running.shop.cancel(**order).status_code == 202
    cancelled = running.shop.ended(**order)
    assert cancelled["status"] == "cancelled"
    steps = [e["step"] for e in cancelled["timeline"] if e["outcome"] == "ok"]
    assert steps[-2:] == ["release inventory", "compensating → cancelled"]


def test_the_order_that_the_readme_places_by_hand_is_confirmed(
    running: Running,
) -> None:
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^    ((?:card=|key=|curl ).*)$", readme, re.MULTILINE)
    assert len(lines) == 3
    script = "\n".join(lines)
    for port, service in (("8000", "orders"), ("8002", "payments")):
        script = script.replace(f"localhost:{port}", running.suite.url(service)[7:])
    done = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, timeout=60
    )
    order = json.loads(done.stdout)
    assert running.shop.ended(order["id"], order["token"])["status"] == "confirmed"


def test_a_chunked_order_is_told_to_say_its_length(running: Running) -> None:
    body = iter([b'{"lines": [], ', b'"card_token": ""}'])
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    answer = running.shop.orders.post("/api/orders", content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
        411,
        "length-required",
    )


def test_one_correlation_id_is_on_the_lines_of_all_three_services(
    running: Running,
) -> None:
    token = running.shop.card()
    mine = f"journey-{uuid.uuid4().hex}"
    running.shop.orders.headers["X-Correlation-ID"] = mine
    try:
        placed = running.shop.place({"MUG": 1}, token, wait=20)
    finally:
        del running.shop.orders.headers["X-Correlation-ID"]
    assert placed.json()["status"] == "confirmed"
    processes = {"orders web", *(f"{name} worker" for name in SERVING)}

    def seen() -> set[str]:  # the lines come through pipes, in their own time
        return {line.split("│")[0] for line in list(running.log) if mine in line}

    running.until(lambda: processes <= seen())


def test_two_orders_want_the_last_one_and_one_gets_it(running: Running) -> None:
    orders = [place(running, **{"LAST-CUP": 1}) for _ in range(4)]
    ends = [running.shop.ended(**order) for order in orders]
    assert sorted(end["status"] for end in ends) == ["confirmed", *["rejected"] * 3]
    reasons = {end["reason"]["type"] for end in ends if end["reason"]}
    assert reasons == {"urn:cutpoints:problem:out-of-stock"}


def test_a_refund_that_fails_later_is_flagged_and_paid_back_after_all(
    running: Running,
) -> None:
    from common.contracts.reports.payments import AuditCharges

    order = place(running, LATE_FAILURE)
    assert running.shop.ended(**order)["status"] == "confirmed"
    running.shop.cancel(**order)
    assert running.shop.ended(**order)["status"] == "cancelled"

    def failed_and_paid_back() -> bool:
        ids = (uuid.UUID(order["order_id"]),)
        (charge,) = running.ask(AuditCharges(order_ids=ids)).charges
        flagged = running.shop.order(**order)["needs_attention"]
        again = charge.failed_refunds == 1 and charge.state == "refunded"
        return bool(again and flagged and charge.net == 0)

    running.until(failed_and_paid_back, within=30)
    assert running.shop.order(**order)["status"] == "cancelled"


def test_products_are_asked_of_inventory(running: Running) -> None:
    page = running.shop.orders.get("/api/products").raise_for_status().json()
    assert len(page["products"]) >= 12
    assert {"sku", "name", "unit_price", "currency", "free"} == set(page["products"][0])


def test_the_vault_answers_the_shops_origin_and_no_other(running: Running) -> None:
    def preflight(origin: str) -> httpx.Response:
        return running.shop.payments.options(
            "/api/cards",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )

    ours = f"http://localhost:{running.suite.ports['orders']}"
    allowed = preflight(ours).headers
    assert allowed["Access-Control-Allow-Origin"] == ours
    assert allowed["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    post = running.shop.payments.post
    shown = post("/api/cards", headers={"Origin": ours}, json={}).headers
    exposed = shown["Access-Control-Expose-Headers"]
    assert exposed == "Retry-After, Location, X-Correlation-ID"
    theirs = preflight("https://evil.example").headers
    assert "Access-Control-Allow-Origin" not in theirs
    assert theirs["Cache-Control"] == "no-store"


def test_a_body_of_5_mb_is_refused_by_the_real_server(running: Running) -> None:
    answer = running.shop.orders.post(
        "/api/orders",
        content=b'{"card_token": "' + b"x" * 5_000_000 + b'"}',
        headers={
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:cutpoints:problem:payload-too-large"


def test_pages_for_people_are_served(running: Running) -> None:
    for service in ("orders", "inventory", "payments"):
        url = running.suite.url(service)
        assert httpx.get(f"{url}/admin/login/").status_code == 200
        assert httpx.get(f"{url}/static/admin/css/base.css").status_code == 200
        assert httpx.get(f"{url}/health/ready").json()["ready"] is True
    for service in ("orders", "payments"):
        url = running.suite.url(service)
        assert "swagger" in httpx.get(f"{url}/api/docs").text


def test_no_log_line_holds_a_card_number(running: Running) -> None:
    place(running)
    numbers = ("4242424242424242", "4000000000000002", LATE_FAILURE)
    assert running.log
    assert not [line for line in running.log for n in numbers if n in line]
