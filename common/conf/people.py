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
    if not get_user_model().objects.filter(username=ADMIN).exists():
        get_user_model().objects.create_superuser(ADMIN, password=demo_password())


def seed_customers(*names: str) -> None:
    """Create customers with these names, who can log in to the API and nothing else."""
    for name in names:
        if not get_user_model().objects.filter(username=name).exists():
            get_user_model().objects.create_user(name, password=demo_password())
