"""The settings of all three; NAIVE_SERVICE says of which."""

import os

import environ

SERVICE = os.environ["NAIVE_SERVICE"]
INVENTORY_URL = os.environ.get("NAIVE_INVENTORY_URL", "")
PAYMENTS_URL = os.environ.get("NAIVE_PAYMENTS_URL", "")

SECRET_KEY = "of nothing worth a secret"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {
    "default": {
        **environ.Env.db_url_config(os.environ["NAIVE_DATABASE_URL"]),
        "CONN_MAX_AGE": None,
    }
}
INSTALLED_APPS = ["rest_framework", f"lab.orders.naive.{SERVICE}"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = f"lab.orders.naive.{SERVICE}.views"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
USE_TZ = True
LOGGING = {"version": 1, "root": {"level": "WARNING"}}
