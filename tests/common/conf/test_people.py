"""The demo's people get the password that is set today."""

from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.http import HttpRequest

from common.conf.people import ADMIN, seed_admin, seed_customers

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [ADMIN, "ada"])
def test_a_changed_demo_password_counts_from_the_next_start(
    settings: Any, name: str
) -> None:
    def seed() -> None:
        seed_admin() if name == ADMIN else seed_customers(name)

    for password in ("the first one", "the second one", "the second one"):
        settings.DEMO_PASSWORD = password
        seed()
        assert authenticate(HttpRequest(), username=name, password=password)
    assert not authenticate(HttpRequest(), username=name, password="the first one")
    (person,) = get_user_model().objects.all()
    assert person.is_superuser == person.is_staff == (name == ADMIN)
