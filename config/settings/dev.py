"""
Settings of "make run": the whole product on one machine, nothing installed by hand.

The supervisor provides SECRET_KEY, DATABASE_URL and REDIS_URL.
"""

from config.settings.base import *  # noqa: F403 -- a settings module extends its base

ALLOWED_HOSTS = ["*"]
DEMO_ALLOWED = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files are served from their folders: there is no build step before "make run".
WHITENOISE_USE_FINDERS = True
