"""Shells for the workers: what must be put into words before it is sent."""

from celery import shared_task
from django.utils import timezone

from indicators.services import watching
from web.presenters.notices import letter_of


@shared_task(name="web.deliver_notices", acks_late=True, ignore_result=True)
def deliver_notices(**_future: object) -> None:
    """Send what there is to tell about feeds."""
    watching.deliver(write=letter_of, at=timezone.now())
