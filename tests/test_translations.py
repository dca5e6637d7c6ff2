"""
Every word on screen exists in Catalan, Spanish and Italian; English is the source.

Strings are found in the code here, not read from the catalogues, so one that was
never extracted is missed by nobody.
"""

import re

import polib
import pytest

from tests.catalogues import ROOT, TRANSLATED, Key, catalogue, strings

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(scope="module")
def marked() -> dict[Key, polib.POEntry]:
    return strings()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_string_is_translated(language, marked):
    known = {(e.msgctxt, e.msgid) for e in catalogue(language) if e.translated()}
    missing = {
        f"{entry.occurrences[0][0]}: {key}"
        for key, entry in marked.items()
        if key not in known
    }
    assert missing == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_fuzzy_or_dead(language, marked):
    entries = catalogue(language)
    assert [entry.msgid for entry in entries.fuzzy_entries()] == []
    assert {(e.msgctxt, e.msgid) for e in entries} - set(marked) == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_survive_translation(language):
    for entry in catalogue(language):
        one = sorted(PLACEHOLDER.findall(entry.msgid))
        many = sorted(PLACEHOLDER.findall(entry.msgid_plural or ""))
        if not many and not entry.msgid_plural:
            assert sorted(PLACEHOLDER.findall(entry.msgstr)) == one, entry.msgid
            continue
        for text in entry.msgstr_plural.values():
            assert sorted(PLACEHOLDER.findall(text)) in (one, many), entry.msgid


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language):
    """Compiled catalogues are kept, so that a start needs no gettext tools."""
    compiled = polib.mofile(ROOT / "locale" / language / "LC_MESSAGES" / "django.mo")
    assert sorted(
        (e.msgctxt or "", e.msgid, e.msgstr, str(e.msgstr_plural)) for e in compiled
    ) == sorted(
        (e.msgctxt or "", e.msgid, e.msgstr, str(e.msgstr_plural))
        for e in catalogue(language)
        if e.translated()
    )
