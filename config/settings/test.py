"""Settings of the test suite: real PostgreSQL and Valkey, fast password hashes."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("DATABASE_URL", "postgres://paraula@localhost/paraula")
os.environ.setdefault("REDIS_URL", "redis://localhost:6379/0")

from config.settings.base import *  # noqa: F403 -- after the defaults above

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
DEMO_ALLOWED = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
