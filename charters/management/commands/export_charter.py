"""manage.py export_charter ORG/CHARTER [--edition N]."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from charters.enums import EditionState
from charters.models import Charter
from charters.services.exchange import export_document
from core.commands import found, two_names


class Command(BaseCommand):
    help = "Print an edition in the exchange format; the newest by default."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("charter", metavar="ORG/CHARTER")
        parser.add_argument("--edition", type=int, metavar="N")

    def handle(self, *_args: Any, **options: Any) -> None:
        organisation, slug = two_names(options["charter"], "ORG/CHARTER")
        charter = found(
            Charter.objects.all(), "charter", organisation__slug=organisation, slug=slug
        )
        editions = charter.editions.order_by("-number").select_related("charter")
        if options["edition"]:
            editions = editions.filter(number=options["edition"])
        edition = editions.first()
        if edition is None:
            msg = f"{slug} has no edition {options['edition'] or ''}".strip()
            raise CommandError(msg)
        document = (
            edition.snapshot
            if edition.state == EditionState.PUBLISHED
            else export_document(edition)
        )
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=1))
