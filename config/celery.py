"""
The Celery application.

Beat only ticks, in UTC, on a fixed schedule kept here; what is due is decided
from the database, so a missed tick is caught up and a double one does nothing.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("paraula")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
