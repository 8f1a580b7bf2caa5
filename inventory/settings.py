"""Inventory's settings. docs/settings.md says what each variable means."""

from common.conf import defaults
from common.conf.callers import CALLS
from common.conf.config import Config
from common.ops import logs

config = Config("inventory")

SERVICE = "inventory"
PORT = 8001
DEMO = config.demo
RUN_DIR = config.run_dir

SECRET_KEY = config.secret_key()
DEMO_PASSWORD = config.demo_password()
DEBUG = config.flag("DEBUG", default=False)
ALLOWED_HOSTS = config.allowed_hosts()
DB_THREADS = int(config.number("DB_THREADS", default=8, least=1, most=256))
PROXIES = int(config.number("PROXIES", default=0, most=10))
WEB_THREADS = int(config.number("WEB_THREADS", default=4, least=1, most=256))
DATABASES = {"default": config.database(connections=DB_THREADS + WEB_THREADS)}
BUS_URL = config.bus_url()
CHANNEL_LAYERS = {"default": config.channel_layer(BUS_URL)}

SERVICES = dict.fromkeys(CALLS[SERVICE], "channel:")
LIVING_HERE = (SERVICE,)
FEATURE_FLAGS: list[str] = []

INSTALLED_APPS = [*defaults.DJANGO_APPS, "inventory"]
MIDDLEWARE = defaults.MIDDLEWARE
TEMPLATES = defaults.TEMPLATES
ROOT_URLCONF = "inventory.urls"
ASGI_APPLICATION = "inventory.asgi.application"

SESSION_ENGINE = "common.http.sessions"
SESSION_COOKIE_NAME = "inventory_session"  # cookies do not tell ports apart
CSRF_COOKIE_NAME = "inventory_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SECURE_SSL_REDIRECT = not DEMO
SECURE_HSTS_SECONDS = 0 if DEMO else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEMO
if config.flag("TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = defaults.CONTENT_SECURITY_POLICY
CSRF_FAILURE_VIEW = defaults.CSRF_FAILURE_VIEW
AUTH_PASSWORD_VALIDATORS = defaults.PASSWORD_VALIDATORS
DATA_UPLOAD_MAX_MEMORY_SIZE = defaults.MAX_BODY_BYTES
FILE_UPLOAD_HANDLERS = defaults.NO_UPLOADS
FILE_UPLOAD_DIRECTORY_PERMISSIONS = defaults.STATIC_FOLDERS
STATIC_URL = "static/"
STATIC_ROOT = None if DEMO else RUN_DIR / "static-inventory"
WHITENOISE_USE_FINDERS = DEMO
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING = logs.configure(
    json=config.choice("LOG_FORMAT", ("text", "json"), default="text") == "json",
    level=config.choice(
        "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
    ),
)

config.check()
