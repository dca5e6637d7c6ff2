"""manage.py recompute [--organisation ORG] [--indicator CODE]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from indicators.models import Indicator
from indicators.services import figures


class Command(BaseCommand):
    help = "Compute figures from nothing but the log of events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organisation", metavar="ORG")
        parser.add_argument("--indicator", metavar="CODE")

    def handle(self, *_args: Any, **options: Any) -> None:
        chosen = Indicator.objects.order_by("organisation_id", "code")
        if options["organisation"]:
            chosen = chosen.filter(organisation__slug=options["organisation"])
        if options["indicator"]:
            chosen = chosen.filter(code=options["indicator"])
        now = timezone.now()
        done = 0
        for indicator in chosen:
            figures.rebuild(indicator_id=indicator.pk, at=now)
            done += 1
        figures.refresh(at=now)
        self.stdout.write(f"{done} indicators recomputed")
