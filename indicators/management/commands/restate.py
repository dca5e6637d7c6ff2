"""manage.py restate ORG/INDICATOR… [--period 2026-Q1] --cause "…" | --dry-run."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from engine.periods import Period, PeriodError, parse_period
from indicators.models import Indicator, Result
from indicators.queries.computing import period_of_result
from indicators.queries.restating import would_change
from indicators.services import figures


class Command(BaseCommand):
    help = (
        "Compute final figures again with the calendars as they are now. Each one that "
        "is different becomes another revision with its cause; the one that was "
        "published stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("indicators", nargs="+", metavar="ORG/INDICATOR")
        parser.add_argument(
            "--period", metavar="2026-Q1", help="only this period's figures"
        )
        parser.add_argument("--cause", default="", help="why, for everybody to read")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be different and write nothing",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        indicators = [_indicator(name) for name in options["indicators"]]
        period = _period(options["period"])
        if options["dry_run"]:
            for indicator in indicators:
                self._show(indicator, period)
            return
        try:
            restated = figures.restate(
                indicators=[indicator.pk for indicator in indicators],
                period=period,
                cause=options["cause"],
                by=None,
                at=timezone.now(),
            )
        except ValueError as error:
            raise CommandError(f"{error}: --cause") from error
        self.stdout.write(f"{restated} figures were restated")

    def _show(self, indicator: Indicator, period: Period | None) -> None:
        for change in would_change(indicator, at=timezone.now(), period=period):
            label = period_of_result(change.before).label
            segment = change.before.segment
            place = f"{indicator.code} {label}" + (f" [{segment}]" if segment else "")
            self.stdout.write(
                f"{place}: {_brief(change.before)} -> {_brief(change.after)}"
            )


def _indicator(name: str) -> Indicator:
    return named(Indicator.objects.all(), "indicator", name)


def _period(text: str | None) -> Period | None:
    try:
        return parse_period(text) if text else None
    except PeriodError as error:
        raise CommandError(str(error)) from error


def _brief(line: Result) -> str:
    value = "-" if line.value is None else format(line.value.normalize(), "f")
    return f"{value} of {line.n} {line.status}"
