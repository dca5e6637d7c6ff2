"""Settings of a real installation, behind a TLS-terminating proxy."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403 -- a settings module extends its base
from config.settings.base import ALLOWED_HOSTS, SECRET_KEY, env

SHORTEST_SECRET = 50
if len(SECRET_KEY) < SHORTEST_SECRET or SECRET_KEY.startswith("only-for-tests"):
    msg = "SECRET_KEY must be a random value of at least 50 characters."
    raise ImproperlyConfigured(msg)
if not ALLOWED_HOSTS:
    msg = "ALLOWED_HOSTS must name the hosts this installation answers for."
    raise ImproperlyConfigured(msg)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
