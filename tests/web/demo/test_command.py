"""When the demo command does nothing, and when it refuses."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organisation
from web.demo import loading


@pytest.fixture
def loads(monkeypatch) -> list[dict[str, object]]:
    """Keep the town from being loaded; say what was asked."""
    asked: list[dict[str, object]] = []

    def load(**arguments: object) -> loading.Loaded:
        asked.append(arguments)
        return loading.Loaded(Organisation(), 1, 2, 3)

    monkeypatch.setattr(loading, "load", load)
    return asked


@pytest.mark.django_db
def test_empty_installation_gets_the_town(loads):
    out = StringIO()
    call_command("demo", "--if-empty", stdout=out)
    assert out.getvalue() == "vilalzina: 1 events, 2 claims, 3 final figures\n"
    assert len(loads) == 1


def test_installation_in_use_is_left_alone_if_asked(town, loads):
    out = StringIO()
    call_command("demo", "--if-empty", "--users", stdout=out)
    assert out.getvalue() == "there is an organisation: nothing was changed\n"
    assert loads == []


def test_installation_in_use_gets_the_town_beside_it(town, loads):
    call_command("demo", stdout=StringIO())
    assert len(loads) == 1


def test_real_installation_refuses_the_well_known_password(settings, loads):
    settings.DEMO_ALLOWED = False
    with pytest.raises(CommandError, match="--yes-this-is-a-demo"):
        call_command("demo", "--if-empty", "--users", stdout=StringIO())
    assert loads == []


@pytest.mark.django_db
def test_real_installation_can_be_told_that_it_is_a_demo(settings, loads):
    settings.DEMO_ALLOWED = False
    call_command("demo", "--yes-this-is-a-demo", stdout=StringIO())
    assert len(loads) == 1


@pytest.mark.django_db
def test_load_that_fails_leaves_nothing(monkeypatch):
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(loading, "generate", broken)
    with pytest.raises(RuntimeError):
        call_command("demo", "--today", "2026-11-23", stdout=StringIO())
    assert not Organisation.objects.exists()
