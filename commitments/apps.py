"""Commitments application."""

from django.apps import AppConfig


class CommitmentsConfig(AppConfig):
    name = "commitments"

    def ready(self) -> None:
        from charters.parts import register  # noqa: PLC0415 -- models load first
        from commitments.edition_part import CommitmentsPart  # noqa: PLC0415 -- idem

        register(CommitmentsPart())
