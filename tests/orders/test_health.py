"""Readiness says what is missing; liveness does not care."""

from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_a_whole_monolith_is_ready_without_a_bus(api: APIClient) -> None:
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["problems"]) == (200, {})


def test_without_its_bus_a_service_is_not_ready_but_alive(
    api: APIClient, settings: Any
) -> None:
    settings.SERVICES = {**settings.SERVICES, "inventory": "channel:"}
    settings.BUS_URL = "redis://127.0.0.1:1/0"
    answer = api.get("/health/ready")
    assert answer.status_code == 503
    assert "nothing answers at BUS_URL" in answer.json()["problems"]["bus"]
    assert api.get("/health/live").status_code == 200


def test_an_unmigrated_database_is_not_ready(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="orders").delete()
    answer = api.get("/health/ready")
    assert answer.status_code == 503
    assert "not applied" in answer.json()["problems"]["database"]


def test_health_is_answered_whatever_the_host_header_says(api: APIClient) -> None:
    assert api.get("/health/live", headers={"Host": "10.0.0.7"}).status_code == 200
    assert api.get("/api/schema", headers={"Host": "10.0.0.7"}).status_code == 400
