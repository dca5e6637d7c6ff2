"""
Every word on screen exists in Catalan, Spanish and Italian; English is the source.

Strings are found in the code here, not read from the catalogues, so one that was
never extracted is missed by nobody.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from babel.messages.extract import extract
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
TRANSLATED = ("ca", "es", "it")
APPS = "accounts charters commitments core feedback indicators web config".split()
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def sources() -> Iterator[tuple[Path, str]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            yield path, templatize(path.read_text(encoding="utf-8"), origin=str(path))


def strings() -> dict[tuple[str | None, str], str]:
    """Every marked string with its context, and where it stands."""
    found = {}
    for path, code in sources():
        file = io.BytesIO(code.encode())
        for line, message, _comments, context in extract("python", file, KEYWORDS):
            key = message[0] if isinstance(message, tuple) else message
            found[(context, key)] = f"{path.relative_to(ROOT)}:{line}"
    return found


@pytest.fixture(scope="module")
def marked() -> dict[tuple[str | None, str], str]:
    return strings()


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated(language, marked):
    known = {
        (entry.msgctxt, entry.msgid)
        for entry in catalogue(language)
        if entry.translated() and not entry.obsolete
    }
    missing = {f"{where}: {key}" for key, where in marked.items() if key not in known}
    assert missing == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_fuzzy_or_dead(language, marked):
    entries = catalogue(language)
    assert [entry.msgid for entry in entries.fuzzy_entries()] == []
    assert [entry.msgid for entry in entries.obsolete_entries()] == []
    dead = {(e.msgctxt, e.msgid) for e in entries} - set(marked)
    assert dead == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_survive_translation(language):
    for entry in catalogue(language):
        wanted = set(PLACEHOLDER.findall(entry.msgid))
        plural = wanted | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text:
                got = set(PLACEHOLDER.findall(text))
                assert got <= plural, entry.msgid
        if not entry.msgid_plural:
            assert set(PLACEHOLDER.findall(entry.msgstr)) == wanted, entry.msgid


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language):
    """Compiled catalogues are kept, so that a start needs no gettext tools."""
    compiled = polib.mofile(ROOT / "locale" / language / "LC_MESSAGES" / "django.mo")
    assert {(e.msgctxt, e.msgid, e.msgstr, str(e.msgstr_plural)) for e in compiled} == {
        (e.msgctxt, e.msgid, e.msgstr, str(e.msgstr_plural))
        for e in catalogue(language)
    }
