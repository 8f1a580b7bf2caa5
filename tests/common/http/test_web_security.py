"""What every page tells a browser, and what no page reads."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.django_db

PAGES = (
    "/api/docs",
    "/api/docs?script=",
    "/api/schema",
    "/api/orders",
    "/api/session/login/",
    "/admin/login/",
    "/admin/",
    "/admin/orders/order/",
    "/nowhere",
)


@pytest.fixture
def browser() -> Client:
    """Return the browser of somebody who may see everything."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("admin"))
    return browser


def policy(answer: Any) -> dict[str, list[str]]:
    """Return the content security policy of an answer, by directive."""
    parts = answer["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (part.split() for part in parts)}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_loads_from_here_alone_and_runs_nothing_inline(
    browser: Client, page: str
) -> None:
    answer = browser.get(page)
    allowed = policy(answer)
    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == ["'self'"]
    assert allowed["frame-ancestors"] == ["'none'"]
    assert allowed["base-uri"] == ["'none'"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer["Permissions-Policy"]


def test_the_style_in_the_docs_has_a_nonce_of_its_own(browser: Client) -> None:
    pages = [browser.get("/api/docs") for _ in range(2)]
    nonces = [policy(page)["style-src"][1] for page in pages]
    assert nonces[0] != nonces[1]
    for page, nonce in zip(pages, nonces, strict=True):
        value = nonce.removeprefix("'nonce-").removesuffix("'")
        assert f'<style nonce="{value}">' in page.content.decode()


@pytest.mark.parametrize("page", ["/admin/login/", "/api/session/login/"])
def test_a_form_of_2_mb_is_413(page: str) -> None:
    form = b"username=" + b"x" * 2 * 1024**2
    kind = "application/x-www-form-urlencoded"
    answer = Client().post(page, form, content_type=kind)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:cutpoints:problem:payload-too-large"


def test_a_form_of_many_fields_is_refused() -> None:
    form = {f"field{number}": "" for number in range(1001)}
    assert Client().post("/admin/login/", form).status_code == 400


def test_an_uploaded_file_is_not_kept(tmp_path: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    file = SimpleUploadedFile("big", bytes(5 * 1024**2))
    answer = Client().post("/admin/login/", {"username": "ada", "file": file})
    assert answer.status_code == 200
    assert answer.wsgi_request.FILES == {}
    assert answer.wsgi_request.POST["username"] == "ada"
