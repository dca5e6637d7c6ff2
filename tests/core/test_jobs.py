"""Work for the workers, once the transaction is safe."""

import pytest
from celery import current_app
from celery.exceptions import NotRegistered
from django.db import transaction
from kombu.exceptions import OperationalError

from core.jobs import enqueue_on_commit


@pytest.fixture
def sent(monkeypatch):
    found = []
    task = current_app.tasks["indicators.refresh"]
    monkeypatch.setattr(task, "apply_async", lambda **options: found.append(options))
    return found


@pytest.mark.django_db
def test_a_job_is_sent_after_the_commit(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_on_commit("indicators.refresh", indicator=7)
        assert sent == []
    assert sent == [{"kwargs": {"indicator": 7}, "retry": False}]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_sends_nothing(sent):
    with transaction.atomic():
        enqueue_on_commit("indicators.refresh")
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.django_db
def test_a_name_that_is_no_task_fails_at_once():
    with pytest.raises(NotRegistered):
        enqueue_on_commit("indicators.refersh")


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError, ConnectionRefusedError])
def test_without_a_broker_the_request_goes_on(
    monkeypatch, caplog, django_capture_on_commit_callbacks, error
):
    def fail(**_options):
        raise error

    monkeypatch.setattr(current_app.tasks["indicators.refresh"], "apply_async", fail)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_on_commit("indicators.refresh")
    assert "broker unreachable" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["refresh", "sweep", "roll"])
def test_a_task_takes_arguments_of_tomorrow_and_is_safe_to_run_twice(charter, name):
    task = current_app.tasks[f"indicators.{name}"]
    task(tomorrow=1)
    task()
