"""Indicators application."""

from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "indicators"

    def ready(self) -> None:
        from charters.parts import register  # noqa: PLC0415 -- models load first
        from indicators.edition_part import IndicatorsPart  # noqa: PLC0415 -- idem

        register(IndicatorsPart())
