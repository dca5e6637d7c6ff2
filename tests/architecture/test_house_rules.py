"""Rules of the house that no off-the-shelf linter knows."""

import ast
import io
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models
from django.template import engines

from charters.rules import SECTIONS
from engine.cases import Outcome
from engine.compliance import Status
from engine.measures import COMPARATORS, Kind
from engine.periods import PeriodKind
from indicators.enums import Comparator, IndicatorKind, PeriodChoice, ResultStatus
from indicators.models import CaseFact

ROOT = Path(settings.BASE_DIR)
LAYERS = [
    "core", "accounts", "charters", "commitments", "indicators", "feedback", "web",
]  # fmt: skip
OURS = [model for model in apps.get_models() if model._meta.app_label in LAYERS]
TEMPLATES = sorted(
    path.relative_to(ROOT / "templates")
    for path in (ROOT / "templates").rglob("*")
    if path.suffix in {".html", ".txt"}
)
SOURCES = [
    path
    for folder in [*LAYERS, "config", "engine", "embedded"]
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
# Found by name: handlers of errors, and templates that Django itself asks for.
ASKED_BY_NAME = {
    "400.html", "403.html", "404.html", "500.html", "registration/login.html",
}  # fmt: skip
# The tenant itself, and rows that are of people or of several tenants.
WITHOUT_ORGANISATION = {"Organisation", "User", "AuditEntry"}


def by_label(model):
    return model._meta.label


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


@pytest.fixture(scope="module")
def everything():
    paths = [*SOURCES, *(ROOT / "templates" / name for name in TEMPLATES)]
    return {path: path.read_text() for path in paths}


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_every_template_compiles_and_is_used(name, everything):
    engines["django"].get_template(str(name))
    own = ROOT / "templates" / name
    used = any(
        f'"{name}' in text or f"'{name}" in text
        for path, text in everything.items()
        if path != own
    )
    assert used or str(name) in ASKED_BY_NAME


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_every_form_that_posts_carries_its_token(name):
    text = (ROOT / "templates" / name).read_text()
    forms = re.findall(
        r"<form\b[^>]*\bmethod=.post.*?</form>", text, re.DOTALL | re.IGNORECASE
    )
    bare = [
        form[:80] for form in forms if "csrf_token" not in form and "crispy" not in form
    ]
    assert bare == []


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_translators_get_no_stray_spaces(name):
    text = (ROOT / "templates" / name).read_text()
    blocks = re.findall(r"{%\s*blocktrans(?:late)?\b[^%]*%}", text)
    assert [block for block in blocks if "trimmed" not in block] == []


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_pages_hold_no_inline_script_or_style(name):
    text = (ROOT / "templates" / name).read_text()
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert [tag for tag in scripts if "src=" not in tag] == []
    assert re.findall(r"<style\b|\sstyle=|\son[a-z]+=[\"']", text) == []


@pytest.mark.parametrize("model", OURS, ids=by_label)
def test_instants_and_days_say_so_in_their_names(model):
    fields = model._meta.local_fields
    instants = [
        f.name
        for f in fields
        if isinstance(f, models.DateTimeField)
        and f.name != "last_login"  # Django's own
    ]
    suffixes = ("_at", "_from", "_until", "_start", "_end")
    assert [name for name in instants if not name.endswith(suffixes)] == []
    days = [
        f.name
        for f in fields
        if isinstance(f, models.DateField) and not isinstance(f, models.DateTimeField)
    ]
    suffixes = ("_on", "_from", "_until", "_start", "_end")
    assert [name for name in days if not name.endswith(suffixes)] == []


@pytest.mark.parametrize("model", OURS, ids=by_label)
def test_no_implicit_ordering(model):
    assert list(model._meta.ordering) == []


@pytest.mark.parametrize("model", OURS, ids=by_label)
def test_foreign_keys_point_down(model):
    """String references hide from import-linter, so they are checked here."""
    own = LAYERS.index(model._meta.app_label)
    targets = [
        field.related_model._meta.app_label
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete
    ]
    assert [app for app in targets if app in LAYERS and LAYERS.index(app) > own] == []


@pytest.mark.parametrize("model", OURS, ids=by_label)
def test_every_row_belongs_to_an_organisation(model):
    fields = {field.name: field for field in model._meta.local_fields}
    if model.__name__ in WITHOUT_ORGANISATION:
        return
    assert "organisation" in fields
    assert not fields["organisation"].null


@pytest.mark.parametrize("model", OURS, ids=by_label)
def test_constraints_and_indexes_are_named_by_hand_and_once(model):
    names = [item.name for item in [*model._meta.constraints, *model._meta.indexes]]
    assert len(names) == len(set(names))
    assert [name for name in names if re.search(r"_[0-9a-f]{6,8}_", name)] == []


def test_jobs_point_down():
    """A service may enqueue its own app's tasks, or those of an app below it."""
    upward = []
    for path in SOURCES:
        own = path.relative_to(ROOT).parts[0]
        for call in ast.walk(ast.parse(path.read_text())):
            if getattr(getattr(call, "func", None), "id", "") == "enqueue_on_commit":
                target = call.args[0].value.split(".")[0]
                if LAYERS.index(target) > LAYERS.index(own):
                    upward.append((str(path), target))
    assert upward == []


def test_tasks_are_named_after_their_app():
    named = []
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text())):
            if getattr(getattr(call, "func", None), "id", "") == "shared_task":
                name = next(k.value.value for k in call.keywords if k.arg == "name")
                named.append((path.relative_to(ROOT).parts[0], name.split(".")[0]))
    assert named
    assert [pair for pair in named if pair[0] != pair[1]] == []


def test_scheduled_tasks_exist():
    from celery import current_app

    asked = {item["task"] for item in settings.CELERY_BEAT_SCHEDULE.values()}
    assert asked <= set(current_app.tasks)


def test_the_driver_is_psycopg2():
    """COPY and LISTEN are written for it; Django would prefer psycopg 3 if it came."""
    assert connection.Database.__name__ == "psycopg2"


def test_the_clock_is_read_at_the_edge_only():
    allowed = {"web", "config", "embedded"}
    readers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"timezone\.now\(|datetime\.now\(|date\.today\(", path.read_text())
        and path.relative_to(ROOT).parts[0] not in allowed
        and path.name != "tasks.py"
        and "management" not in path.parts
    ]
    assert readers == []


def test_the_engine_and_the_database_speak_of_the_same_things():
    assert set(ResultStatus.values) == {status.value for status in Status}
    assert {kind.value for kind in Kind} < set(IndicatorKind.values)
    assert set(PeriodChoice.values) == {kind.value for kind in PeriodKind}
    assert set(Comparator.values) == set(COMPARATORS)
    longest = CaseFact._meta.get_field("outcome").max_length
    assert max(len(outcome.value) for outcome in Outcome) <= longest


def test_the_schema_and_the_code_speak_of_the_same_things():
    import json

    schema = json.loads((ROOT / "docs" / "formats" / "charter.schema.json").read_text())
    sections = schema["properties"]
    for section in SECTIONS:
        keys = {field.key for field in section.fields}
        rows = {"commitments", "measures"}
        assert set(sections[section.key]["properties"]) - rows == keys
    items = sections["quality"]["properties"]["commitments"]["items"]["properties"]
    indicator = items["indicators"]["items"]["properties"]
    assert set(indicator["kind"]["enum"]) == set(IndicatorKind.values)
    assert set(indicator["comparator"]["enum"]) - {None} == set(Comparator.values)
    assert set(indicator["period"]["enum"]) - {None} == set(PeriodChoice.values)
