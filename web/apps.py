"""Everything that speaks HTTP."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
