"""
Settings shared by every environment.

Everything that differs between installations comes from the environment; a
missing or malformed value stops the start with a message naming the variable.
"""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY")
# Make case numbers unreadable where a stream asks for it. New streams begin with the
# first; the others are kept for as long as a stream lives that began with them.
CASE_SECRETS = env.list("CASE_SECRETS", default=[SECRET_KEY])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "core",
    "accounts",
    "charters",
    "commitments",
    "indicators",
    "feedback",
    "web",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.language_links",
            ],
        },
    }
]

DATABASES = {
    "default": {
        **env.db("DATABASE_URL"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "paraula"
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
if urlsplit(REDIS_URL).scheme in {"redis", "rediss"}:
    # A cache that is only for counting must not keep anybody waiting.
    CACHES["default"]["OPTIONS"] = {"socket_connect_timeout": 1, "socket_timeout": 1}
    # Without these a killed worker's messages come back only after minutes.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 5,
    }
CELERY_BEAT_SCHEDULE = {
    "indicators-sweep": {"task": "indicators.sweep", "schedule": 30.0},
    "indicators-take-files": {"task": "indicators.take_files", "schedule": 30.0},
    "indicators-prune-files": {"task": "indicators.prune_files", "schedule": 3600.0},
    "indicators-roll": {"task": "indicators.roll", "schedule": 600.0},
    "indicators-ask": {"task": "indicators.ask", "schedule": 60.0},
    "indicators-freeze": {"task": "indicators.freeze", "schedule": 3600.0},
    "indicators-watch": {"task": "indicators.watch", "schedule": 300.0},
    "web-deliver-notices": {"task": "web.deliver_notices", "schedule": 60.0},
}

# EMAIL_HOST and the rest; without a server, letters are written to the log.
globals().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="paraula@localhost")
# Where people find this installation, for links in letters: https://charters.example.org
SITE_URL = env.str("SITE_URL", default="")

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "office:home"
LOGOUT_REDIRECT_URL = "public:catalogue"

LANGUAGE_CODE = "ca"
LANGUAGES = [
    ("ca", _("Catalan")),
    ("es", _("Spanish")),
    ("it", _("Italian")),
    ("en", _("English")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Madrid"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))()

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "web.errors.csrf_failure"

# Whether "manage.py demo" may create people with a password that everybody knows.
DEMO_ALLOWED = False

# How many proxies of our own append to X-Forwarded-For; 0: nobody's word is taken.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# Where files of events wait that people upload; never under the web server's root.
UPLOADS_ROOT = env.path(
    "UPLOADS_ROOT",
    default=str(
        Path(env.str("PARAULA_DATA", default="") or BASE_DIR / "var") / "uploads"
    ),
)()
# The largest of them, in bytes.
UPLOAD_MAX_BYTES = 32 * 1024 * 1024

# The largest batch of events that the API takes in one request.
EVENTS_MAX_LINES = 10_000
# How often one token may post in a minute; 0: as often as it likes.
EVENTS_PER_MINUTE = env.int("EVENTS_PER_MINUTE", default=600)
# The largest message that a source may send.
SOURCES_MAX_BYTES = 4 * 1024 * 1024
# Sources that are asked must be on the public network and speak TLS; a system in the
# town's own network is let through by its network: 10.20.0.0/16,192.168.7.4/32.
try:
    SOURCES_NETWORKS = [*map(ip_network, env.list("SOURCES_NETWORKS", default=[]))]
except ValueError as error:
    msg = f"SOURCES_NETWORKS: {error}"
    raise ImproperlyConfigured(msg) from error
SOURCES_PLAIN_HTTP = env.bool("SOURCES_PLAIN_HTTP", default=False)
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
