"""
Find every string marked for translation, without gettext's own tools.

``python -m tests.catalogues`` brings the catalogues up to date: new strings are
added without a translation, dead ones go, and the compiled files are written.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
TRANSLATED = ("ca", "es", "it")
APPS = ("accounts", "charters", "commitments", "core", "feedback", "indicators", "web")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
Key = tuple[str | None, str]


def sources() -> Iterator[tuple[Path, str]]:
    """Yield Python code, and templates turned into something like it."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            # What was markup keeps its indentation, which Python would take amiss.
            yield path, "\n".join(map(str.lstrip, code.splitlines()))


def strings() -> dict[Key, polib.POEntry]:
    """Every marked string by context and text, with all its places."""
    found: dict[Key, polib.POEntry] = {}
    for path, code in sources():
        file = io.BytesIO(code.encode())
        for _line, message, comments, context in extract(
            "python", file, KEYWORDS, comment_tags=["Translators:"]
        ):
            one, many = (
                (*message, "")[:2] if isinstance(message, tuple) else (message, "")
            )
            entry = found.setdefault(
                (context, one),
                polib.POEntry(
                    msgctxt=context,
                    msgid=one,
                    msgid_plural=many,
                    comment="\n".join(comments),
                ),
            )
            if many and not entry.msgid_plural:
                entry.msgid_plural = many
            place = (str(path.relative_to(ROOT)), "")
            if place not in entry.occurrences:
                entry.occurrences.append(place)
    return found


def catalogue(language: str) -> polib.POFile:
    """Open a language's catalogue; an empty one if there is none yet."""
    path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    if path.exists():
        return polib.pofile(path, wrapwidth=88)
    empty = polib.POFile(wrapwidth=88)
    empty.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    empty.fpath = str(path)
    return empty


def update(language: str, marked: dict[Key, polib.POEntry]) -> int:
    """Bring one catalogue up to date; return how many strings lack a translation."""
    old = catalogue(language)
    known = {(entry.msgctxt, entry.msgid): entry for entry in old}
    fresh = polib.POFile(wrapwidth=88)
    fresh.metadata = old.metadata
    for key, entry in marked.items():
        translated = polib.POEntry(
            msgctxt=entry.msgctxt,
            msgid=entry.msgid,
            msgid_plural=entry.msgid_plural,
            comment=entry.comment,
            occurrences=entry.occurrences,
        )
        previous = known.get(key)
        if entry.msgid_plural:
            plurals = previous.msgstr_plural if previous else {}
            translated.msgstr_plural = plurals or {0: "", 1: ""}
        elif previous:
            translated.msgstr = previous.msgstr
        fresh.append(translated)
    path = Path(old.fpath)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(path))
    fresh.save_as_mofile(str(path.with_suffix(".mo")))
    return len(fresh.untranslated_entries())


if __name__ == "__main__":
    if not settings.configured:
        settings.configure(USE_I18N=True)
    everything = strings()
    for code in TRANSLATED:
        print(
            code, len(everything), "strings,", update(code, everything), "untranslated"
        )
