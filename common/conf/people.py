"""The demo's people, and their password."""

from django.conf import settings
from django.contrib.auth import get_user_model

from common.conf.embedded import kept_secret

ADMIN = "admin"


def demo_password() -> str:
    """Return DEMO_PASSWORD, or one that is made on the first start and kept."""
    return settings.DEMO_PASSWORD or kept_secret(settings.RUN_DIR / "demo.password")


def seed_admin() -> None:
    """Create the person who may use this project's admin."""
    _seed(ADMIN, is_staff=True, is_superuser=True)


def seed_customers(*names: str) -> None:
    """Create customers with these names, who can log in to the API and nothing else."""
    for name in names:
        _seed(name)


def _seed(name: str, **rights: bool) -> None:
    """Create a person, or give one that is there the demo's password of today."""
    person, _ = get_user_model().objects.get_or_create(username=name, defaults=rights)
    if not person.check_password(demo_password()):
        person.set_password(demo_password())
        person.save(update_fields=["password"])
