"""Shells for the workers: ids in, one service call, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from indicators.services import figures, questions, uploads, watching


@shared_task(name="indicators.refresh", acks_late=True, ignore_result=True)
def refresh(**_future: object) -> None:
    """Compute whatever is marked stale."""
    figures.refresh(at=timezone.now())


@shared_task(name="indicators.sweep", acks_late=True, ignore_result=True)
def sweep(**_future: object) -> None:
    """Do what no message announced: lost marks, and cases that went overdue."""
    now = timezone.now()
    figures.refresh(at=now)
    figures.sweep(at=now)


@shared_task(name="indicators.freeze", acks_late=True, ignore_result=True)
def freeze(**_future: object) -> None:
    """Make the figures final whose days of grace are over."""
    figures.freeze_ended(organisation_id=None, at=timezone.now())


@shared_task(name="indicators.roll", acks_late=True, ignore_result=True)
def roll(**_future: object) -> None:
    """Open the ledger lines of new periods and hear silent feeds."""
    figures.roll(at=timezone.now())


@shared_task(name="indicators.ask", acks_late=True, ignore_result=True)
def ask(**_future: object) -> None:
    """Find the sources that are to be asked."""
    questions.enqueue_due(at=timezone.now())


@shared_task(name="indicators.ask_source", acks_late=True, ignore_result=True)
def ask_source(source_id: int, **_future: object) -> None:
    """Ask one source; whoever comes second does nothing."""
    questions.ask(source_id=source_id, at=timezone.now())


@shared_task(name="indicators.watch", acks_late=True, ignore_result=True)
def watch(**_future: object) -> None:
    """Find the feeds that fell silent or speak again."""
    watching.watch(at=timezone.now())


@shared_task(name="indicators.take_file", acks_late=True, ignore_result=True)
def take_file(*, file_id: int, **_future: object) -> None:
    """Rehearse or import one file of events."""
    uploads.take_up(file_id=file_id, at=timezone.now())


@shared_task(name="indicators.take_files", acks_late=True, ignore_result=True)
def take_files(**_future: object) -> None:
    """Take up the files whose message was lost, or whose worker died."""
    for file_id in uploads.waiting_files():
        uploads.take_up(file_id=file_id, at=timezone.now())


@shared_task(name="indicators.prune_files", acks_late=True, ignore_result=True)
def prune_files(**_future: object) -> None:
    """Remove the content of files that nobody needs any more."""
    uploads.prune(at=timezone.now())
