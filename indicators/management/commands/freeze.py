"""manage.py freeze --period 2026-Q1 [--organisation ORG]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organisation
from core.commands import found
from engine.periods import PeriodError, parse_period
from indicators.services import figures


class Command(BaseCommand):
    help = "Make a period's figures final, where their days of grace are over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--period", required=True, metavar="2026-Q1")
        parser.add_argument("--organisation", metavar="ORG")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            period = parse_period(options["period"])
        except PeriodError as error:
            raise CommandError(str(error)) from error
        slug = options["organisation"]
        organisation = (
            found(Organisation.objects.all(), "organisation", slug=slug)
            if slug
            else None
        )
        frozen = figures.freeze(
            period=period,
            organisation_id=organisation.pk if organisation else None,
            at=timezone.now(),
        )
        self.stdout.write(f"{frozen} figures of {period.label} are final now")
