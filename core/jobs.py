"""Hand work to the Celery workers once the transaction is safe."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue_on_commit(name: str, /, **kwargs: object) -> None:
    """
    Send the task ``name`` after the current transaction commits.

    The database is the source of truth about what is left to do: a broker that
    cannot be reached costs time until the next sweep, never work, and never makes
    the caller's request fail.

    :raises celery.exceptions.NotRegistered: at once, if no such task exists.
    """
    task = current_app.tasks[name]
    transaction.on_commit(partial(_send, task, kwargs))


def _send(task: object, kwargs: dict[str, object]) -> None:
    try:
        task.apply_async(kwargs=kwargs, retry=False)  # type: ignore[attr-defined]
    except (OperationalError, OSError):
        logger.warning("broker unreachable, the sweep will do %s", task)
