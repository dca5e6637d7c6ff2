"""manage.py demo [--if-empty] [--users]."""

from argparse import ArgumentParser
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.enums import Role
from accounts.models import Organisation
from web.demo import loading
from web.demo.town import clock

# With --today the town stands still in the evening of that day.
EVENING = 18.0


class Command(BaseCommand):
    help = (
        "Load a fictional town: charters, two years of events, claims, people of "
        "every role. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="do nothing if there is any organisation",
        )
        parser.add_argument(
            "--users", action="store_true", help="print who can log in, and how"
        )
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="up to when things have happened (default: now)",
        )
        parser.add_argument(
            "--scale",
            type=float,
            default=1.0,
            help="share of the usual number of events (default: 1)",
        )
        parser.add_argument(
            "--yes-this-is-a-demo",
            action="store_true",
            help="load it on a real installation, with its well-known password",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not (settings.DEMO_ALLOWED or options["yes_this_is_a_demo"]):
            msg = (
                "the demo creates people with a password that everybody knows; "
                "to load it here all the same, add --yes-this-is-a-demo"
            )
            raise CommandError(msg)
        if not self._load(options):
            return
        if options["users"]:
            self._print_users()

    def _load(self, options: dict[str, Any]) -> bool:
        """Load the town if it is not there; say whether it is there now."""
        slug = loading.slug()
        if Organisation.objects.filter(slug=slug).exists():
            self.stdout.write(f"{slug} exists already: nothing was changed")
            return True
        if options["if_empty"] and Organisation.objects.exists():
            self.stdout.write("there is an organisation: nothing was changed")
            return False
        loaded = loading.load(at=_now(options["today"]), scale=options["scale"])
        self.stdout.write(
            f"{slug}: {loaded.events} events, {loaded.claims} claims, "
            f"{loaded.final_figures} final figures"
        )
        return True

    def _print_users(self) -> None:
        for role, email in loading.people():
            label = Role(role.upper()).name.lower()
            self.stdout.write(f"{label:16} {email:32} {loading.PASSWORD}")


def _now(today: date | None) -> datetime:
    now = timezone.now()
    if today is None or today == timezone.localdate():
        return now
    return clock(today, EVENING)
