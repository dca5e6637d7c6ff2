"""manage.py verify: recompute everything from the log and compare."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from indicators.services.verification import verify


class Command(BaseCommand):
    help = "Recompute everything from the log and compare. Exit 1 on any difference."

    def handle(self, *_args: Any, **_options: Any) -> None:
        differences = 0
        for difference in verify(at=timezone.now()):
            differences += 1
            self.stderr.write(str(difference))
        if differences:
            self.stderr.write(f"{differences} differences")
            sys.exit(1)
        self.stdout.write("every figure follows from the log")
