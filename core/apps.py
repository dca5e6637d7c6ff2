"""Core application."""

from django.apps import AppConfig
from django.db.models import CharField
from django.db.models.functions import Length
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        # Constraints speak of the length of digests and currency codes.
        CharField.register_lookup(Length)
        # Web processes look tasks up by name (core.jobs), so they must know them.
        autodiscover_modules("tasks")
