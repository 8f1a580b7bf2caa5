"""The monolith's settings: all three apps, one database, calls within the process.

Cutting a service off is one variable: INVENTORY_SERVICE=channel: leaves inventory to a
process of its own.
"""

from common.conf import defaults
from common.conf.config import Config
from common.ops import logs

config = Config("monolith")

SERVICE = "monolith"
PORT = 8000
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

SERVICES = config.services(default="local:")
LIVING_HERE = tuple(name for name, where in SERVICES.items() if where == "local:")
FEATURE_FLAGS = config.words("FEATURE_FLAGS", "names separated by commas", default=())
ORDER_DEADLINE = config.number("ORDER_DEADLINE_SECONDS", default=60, least=1)
CANCEL_WINDOW = config.number("CANCEL_WINDOW_SECONDS", default=1800)
MAX_WAITERS = int(config.number("MAX_WAITERS", default=256))
GATEWAY = config.dotted_path(
    "PAYMENTS_GATEWAY", default="payments.gateway.demo.DemoGateway" if DEMO else None
)

INSTALLED_APPS = [
    *defaults.DJANGO_APPS,
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "orders",
    "inventory",
    "payments",
]
MIDDLEWARE = defaults.MIDDLEWARE
TEMPLATES = defaults.TEMPLATES
ROOT_URLCONF = "monolith.urls"
ASGI_APPLICATION = "monolith.asgi.application"

REST_FRAMEWORK = {
    **defaults.REST_FRAMEWORK,
    "NUM_PROXIES": PROXIES,
    "DEFAULT_AUTHENTICATION_CLASSES": defaults.TOKENS_AND_SESSIONS,
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "orders": config.rate("THROTTLE_ORDERS", default="120/min"),
        "reads": config.rate("THROTTLE_READS", default="1200/min"),
        "cards": config.rate("THROTTLE_CARDS", default="60/min"),
        "login": config.rate("THROTTLE_LOGIN", default="10/min"),
    },
}
SPECTACULAR_SETTINGS = {**defaults.SPECTACULAR_SETTINGS, "TITLE": "Cutpoints"}

SESSION_ENGINE = "common.http.sessions"
SESSION_COOKIE_NAME = "monolith_session"  # cookies do not tell ports apart
CSRF_COOKIE_NAME = "monolith_csrf"
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
STATIC_ROOT = None if DEMO else RUN_DIR / "static-monolith"
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
