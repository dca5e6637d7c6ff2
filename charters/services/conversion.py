"""
Turn charters noted down in a plain form into exchange documents.

The plain form is what people write when they read somebody's published charter: a
list of charters with sections of free text, commitments and their indicators as they
were printed. What has no place of its own in the exchange format is put where a reader
will find it, and every cell that was moved, read or left out is reported with what
became of it. Nothing is dropped in silence and nothing is invented: a term of "days"
becomes neither working days nor calendar days.

Pure functions: no database, no clock, no files.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from charters.services.exchange import FORMAT
from core.text import LANGUAGES, Text

# Words stand under the language whose readers understand them best; the report and
# the charter's notes say in which language they really are.
NEAREST = {"gl": "es", "pt": "es", "oc": "ca", "fr": "es", "eu": "es"}
OTHERWISE = "en"

KINDS = {
    "share_within_time": "share_within_limit",
    "max_time_per_case": "every_case_within_limit",
    "mean_time": "mean_duration",
    "satisfaction_mean": "satisfaction_mean",
    "satisfaction_share": "share_at_or_above",
    "share": "ratio",
    "ratio": "ratio",
    "count": "count",
    "yes_no": "milestone",
    "two_tier_remainder": "two_tier_remainder",
    "schedule_frequency": "schedule_frequency",
    "share_of_days_with_daily_mean": "share_of_days",
    "trend_vs_previous": "trend",
    "opening_hours": "opening_hours",
    "availability": "availability",
    "narrative_list": "other",
}
PERIODS = {
    "mensual": "month",
    "mensile": "month",
    "monthly": "month",
    "trimestral": "quarter",
    "trimestrale": "quarter",
    "quarterly": "quarter",
    "semestral": "semester",
    "semestrale": "semester",
    "anual": "year",
    "annuale": "year",
    "annual": "year",
    "yearly": "year",
}
UNITS = {
    "%": "percent",
    **dict.fromkeys(("segons", "segundos", "secondi", "seconds"), "seconds"),
    **dict.fromkeys(("minuts", "minutos", "minuti", "minutes"), "minutes"),
    **dict.fromkeys(("hores", "horas", "ore", "hours"), "hours"),
    **dict.fromkeys(("dies", "días", "giorni", "days"), "days"),
    **dict.fromkeys(
        (
            "dies laborables",
            "dies hàbils",
            "días hábiles",
            "días laborables",
            "gg lavorativi",
            "gg. lav",
            "gg. lav.",
            "working days",
        ),
        "working_days",
    ),
}
# What a number of some unit means as a term, by the clock that the charter names.
# "days" without a word on which days is no term.
TERMS = {
    ("seconds", None): "elapsed_seconds",
    ("minutes", None): "elapsed_minutes",
    ("hours", None): "elapsed_hours",
    ("hours", "working_hours"): "open_hours",
    ("working_days", None): "working_days",
    ("days", "calendar_days"): "calendar_days",
    ("days", "working_days"): "working_days",
}
SCALE = re.compile(r"(?:[^\W\d]+ )?(\d+)-(\d+)")
MONEY = re.compile(r"(\d{1,8}(?:\.\d{1,2})?) EUR\b")
TARGET = re.compile(r"-?\d{1,20}(?:\.\d{1,12})?")
ADDRESS = re.compile(r"https?://[^\s;]+")
LONGEST_UNIT, LONGEST_SLUG = 40, 80

CHARTER_FIELDS = frozenset(
    {
        "title",
        "organisation",
        "language",
        "source",
        "service_type",
        "validity",
        "completeness",
        "note",
        "sections",
    }
)
SECTION_FIELDS = frozenset(
    {"general", "commitments", "assurance", "redress", "complementary"}
)
COMMITMENT_FIELDS = frozenset({"text", "indicators"})
INDICATOR_FIELDS = frozenset(
    {
        "name",
        "formula",
        "unit",
        "target",
        "comparator",
        "periodicity",
        "measured",
        "kind",
        "calendar",
        "note",
    }
)
REDRESS_FIELDS = frozenset({"compensation", "conditions", "delivery"})


class ConversionError(ValueError):
    """Something that is no list of charters in the plain form; names where."""


@dataclass(frozen=True, slots=True)
class Moved:
    """
    A cell of the source that has no place of its own in the exchange format.

    :ivar charter: the slug of its charter.
    :ivar path: where it stood, for example ``sections.commitments[3].text``.
    :ivar value: what it said.
    :ivar done: what became of it.
    """

    charter: str
    path: str
    value: str
    done: str


@dataclass(frozen=True, slots=True)
class Converted:
    """An exchange document and the report on what does not stand in its own place."""

    document: dict[str, Any]
    moved: list[Moved]

    @property
    def slug(self) -> str:
        """The charter's short name, unique among those converted together."""
        return str(self.document["charter"]["slug"])


def convert(charters: Any) -> Iterator[Converted]:
    """
    Convert charters.

    :param charters: a list, as read from JSON with floats as exact decimals.
    :raises ConversionError: if it is no list of charters.
    """
    if not isinstance(charters, list):
        msg = "a list of charters is expected"
        raise ConversionError(msg)
    taken: set[str] = set()
    for position, source in enumerate(charters, start=1):
        _check(source, f"[{position - 1}]")
        slug = _free_slug(f"{source['organisation']} {source['title']}", taken)
        taken.add(slug)
        yield _Charter(source, slug, f"R{position:02d}").converted()


def _check(source: Any, where: str) -> None:
    """Refuse what cannot be read at all; anything else is converted and reported."""
    if not isinstance(source, Mapping):
        msg = f"{where}: a charter must be an object"
        raise ConversionError(msg)
    for name in ("title", "organisation"):
        if not isinstance(source.get(name), str) or not source[name].strip():
            msg = f"{where}.{name}: a charter needs these words"
            raise ConversionError(msg)
    if not isinstance(source.get("sections"), Mapping):
        msg = f"{where}.sections: must be an object"
        raise ConversionError(msg)
    place = f"{where}.sections.commitments"
    for item, path in _objects(source["sections"].get("commitments"), place):
        if not isinstance(item.get("text"), str):
            msg = f"{path}.text: a commitment needs words"
            raise ConversionError(msg)
        list(_objects(item.get("indicators"), f"{path}.indicators"))


def _objects(found: Any, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    if not isinstance(found or [], list):
        msg = f"{where}: must be a list"
        raise ConversionError(msg)
    for index, item in enumerate(found or []):
        if not isinstance(item, Mapping):
            msg = f"{where}[{index}]: must be an object"
            raise ConversionError(msg)
        yield item, f"{where}[{index}]"


def _free_slug(words: str, taken: set[str]) -> str:
    plain = slugify(words)[: LONGEST_SLUG - 4].strip("-") or "charter"
    slug, turn = plain, 1
    while slug in taken:
        turn += 1
        slug = f"{plain}-{turn}"
    return slug


class _Charter:
    """One charter being converted: its source, its language and its report."""

    def __init__(self, source: Mapping[str, Any], slug: str, prefix: str) -> None:
        self.source = source
        self.sections: Mapping[str, Any] = source["sections"]
        self.slug = slug
        self.prefix = prefix
        self.moved: list[Moved] = []
        self.notes: dict[str, list[str]] = {}
        spoken = str(source.get("language") or "")
        self.language = (
            spoken if spoken in LANGUAGES else NEAREST.get(spoken, OTHERWISE)
        )

    def converted(self) -> Converted:
        document = {
            "format": FORMAT,
            "charter": {"slug": self.slug, "scope": "service", "audience": "external"},
            "edition": {
                "number": None,
                "source_language": self.language,
                "valid_from": None,
                "valid_until": None,
                "title": self.text(self.source["title"]),
                "summary": {},
            },
            "general": self.general(),
            "quality": {
                "commitments": [
                    self.commitment(index, item)
                    for index, item in enumerate(self.sections.get("commitments") or [])
                ]
            },
            "assurance": {"measures": self.assurance()},
            "redress": {"measures": self.redress()},
            "complementary": self.complementary(),
        }
        self.leftovers(self.source, CHARTER_FIELDS, "")
        self.leftovers(self.sections, SECTION_FIELDS, "sections.")
        return Converted(document, self.moved)

    def text(self, words: Any) -> Text:
        return {self.language: str(words)} if words not in {None, ""} else {}

    def report(self, path: str, value: Any, done: str) -> None:
        if value not in (None, "", [], {}):
            self.moved.append(Moved(self.slug, path, str(value), done))

    def note(self, path: str, label: str, value: Any, *, language: str = "") -> None:
        """Keep a fact in the notes, and report it."""
        if value in (None, ""):
            return
        line = f"{label}: {value}" if label else str(value)
        self.notes.setdefault(language or self.language, []).append(line)
        self.report(path, value, "kept in complementary.notes")

    def leftovers(
        self, source: Mapping[str, Any], known: frozenset[str], where: str
    ) -> None:
        for name in source:
            if name not in known:
                for path, value in cells(source[name], f"{where}{name}"):
                    self.report(path, value, "left out: no field that is known")

    def general(self) -> dict[str, Any]:
        organisation, kind = (
            self.source["organisation"],
            self.source.get("service_type"),
        )
        self.report("organisation", organisation, "taken as general.responsible")
        self.report("service_type", kind, "taken as the name of the only service, S1")
        passages = self.passages("general", "taken as general.aims")
        services = (
            [{"code": "S1", "name": {OTHERWISE: str(kind)}, "description": {}}]
            if kind
            else []
        )
        return {
            "aims": self.text("\n".join(passages)),
            "services": services,
            "responsible": self.text(organisation),
        }

    def passages(self, section: str, done: str) -> list[str]:
        """Return a section of free text passage by passage, whatever its form."""
        found = list(cells(self.sections.get(section), f"sections.{section}"))
        for path, value in found:
            self.report(path, value, done)
        return [str(value) for _path, value in found]

    def assurance(self) -> list[dict[str, Any]]:
        passages = self.passages("assurance", "taken as a measure of assurance")
        return [
            {"code": f"A{number}", "text": self.text(words)}
            for number, words in enumerate(passages, start=1)
        ]

    def redress(self) -> list[dict[str, Any]]:
        found = self.sections.get("redress")
        items = found if isinstance(found, list) else [found] if found else []
        return [
            self.measure(item, number, _place(found, number - 1))
            for number, item in enumerate(items, start=1)
        ]

    def measure(self, item: Any, number: int, path: str) -> dict[str, Any]:
        if not isinstance(item, Mapping):
            self.report(path, item, f"taken as the redress measure R{number}")
            item = {"compensation": item}
        else:
            self.leftovers(item, REDRESS_FIELDS, f"{path}.")
        words = item.get("compensation")
        money = MONEY.match(str(words))
        if money:
            done = f"kept as text; amount {money.group(1)} EUR read from it"
            self.report(f"{path}.compensation", words, done)
        conditions = item.get("conditions")
        done = "kept in eligible; no commitment could be told from it"
        self.report(f"{path}.conditions", conditions, done)
        return {
            "code": f"R{number}",
            "kind": _redress_kind(str(words), is_sum=bool(money)),
            "text": self.text(words),
            "commitments": [],
            "amount": str(Decimal(money.group(1)).quantize(Decimal("0.01")))
            if money
            else None,
            "currency": "EUR" if money else "",
            "eligible": self.text(conditions),
            "delivery": self.text(item.get("delivery")),
        }

    def complementary(self) -> dict[str, Any]:
        for path, value in cells(
            self.sections.get("complementary"), "sections.complementary"
        ):
            self.note(path, "", value)
        self.note("note", "", self.source.get("note"))
        self.note("validity", "", self.source.get("validity"))
        if self.source.get("validity"):
            self.report(
                "validity", self.source["validity"], "no dates were read from it"
            )
        completeness = self.source.get("completeness")
        self.note("completeness", "Transcription", completeness, language=OTHERWISE)
        self.name_language()
        web = self.web()
        notes = {code: "\n".join(lines) for code, lines in self.notes.items()}
        return {"web": web, "notes": notes}

    def web(self) -> str:
        source = self.source.get("source")
        if ADDRESS.fullmatch(str(source or "")) and "..." not in str(source):
            self.report("source", source, "taken as complementary.web")
            return str(source)
        self.note("source", "Source", source, language=OTHERWISE)
        return ""

    def name_language(self) -> None:
        spoken = self.source.get("language")
        if spoken == self.language:
            return
        self.notes.setdefault(OTHERWISE, []).append(
            f"The words of this charter that stand under “{self.language}” are in "
            f"“{spoken}”."
        )
        self.report(
            "language",
            spoken or "?",
            f"not a language of this product: the words are kept as they are, under "
            f"{self.language}",
        )

    def commitment(self, index: int, item: Mapping[str, Any]) -> dict[str, Any]:
        path, code = f"sections.commitments[{index}]", f"C{index + 1}"
        self.leftovers(item, COMMITMENT_FIELDS, f"{path}.")
        sources = item.get("indicators") or []
        indicators = [
            _Indicator(self, source, f"{path}.indicators[{inner}]").converted(
                f"{self.prefix}-{code}-{inner + 1}"
            )
            for inner, source in enumerate(sources)
        ]
        measured = [
            f"{source.get('name')}: {source['measured']}"
            for source in sources
            if source.get("measured") is not None
        ]
        return {
            "code": code,
            "service": "S1" if self.source.get("service_type") else "",
            "text": self.text(item["text"]),
            "level": "general",
            "baseline": self.text("\n".join(measured)),
            "indicators": indicators,
        }


class _Indicator:
    """One indicator being converted."""

    def __init__(self, charter: _Charter, source: Mapping[str, Any], path: str) -> None:
        self.charter = charter
        self.source = source
        self.path = path
        self.unit = UNITS.get(str(source.get("unit")), "")
        self.number = _number(source.get("target"))
        self.term = self.clock()

    def get(self, name: str) -> Any:
        return self.source.get(name)

    def report(self, name: str, done: str) -> None:
        self.charter.report(f"{self.path}.{name}", self.get(name), done)

    def clock(self) -> str | None:
        """Return the engine's unit for the indicator's times, if it can be told."""
        calendar = self.get("calendar")
        return TERMS.get((self.unit, calendar)) or TERMS.get((self.unit, None))

    def converted(self, code: str) -> dict[str, Any]:
        self.charter.leftovers(self.source, INDICATOR_FIELDS, f"{self.path}.")
        self.report("measured", "kept in the commitment's baseline")
        self.report("note", "kept in the indicator's source")
        kind = self.kind()
        item: dict[str, Any] = {
            "code": code,
            "name": self.charter.text(self.get("name")),
            "formula": self.charter.text(self.get("formula")),
            "source": self.charter.text(self.get("note")),
            "kind": kind,
            "period": self.period(),
            "stream": None,
            "calendar": None,
        }
        if kind == "every_case_within_limit" and self.number is not None:
            return item | self.limited()
        return item | self.aimed() | {"rule": self.rule(kind), "unit": self.unit_word()}

    def kind(self) -> str:
        """
        Return the kind of ours.

        A share whose target is a time is no share: it is the limit that every case
        is to keep. A time that must not be shorter than its target has no kind yet.
        """
        found = self.get("kind")
        kind = KINDS.get(str(found), "other")
        in_time = self.number is not None and self.unit not in {"percent", ""}
        if kind == "share_within_limit" and (in_time or self.number_of_unknown_unit()):
            kind = "every_case_within_limit"
        if kind == "every_case_within_limit" and self.get("comparator") in {">", ">="}:
            kind = "other"
        if kind != found:
            self.report("kind", f"taken as {kind}")
        return kind

    def number_of_unknown_unit(self) -> bool:
        unit = self.get("unit")
        return self.number is not None and unit is not None and not self.unit

    def period(self) -> str | None:
        found = self.get("periodicity")
        period = PERIODS.get(str(found))
        if period:
            self.report("periodicity", f"read as {period}")
        else:
            self.report("periodicity", "left out: no period of ours")
        return period

    def limited(self) -> dict[str, Any]:
        """Read the number as the limit of each case: then all of them must keep it."""
        if self.term is None:
            done = "100 % of the cases; which days the limit counts cannot be told"
            rule: dict[str, Any] = {}
        else:
            done = (
                f"taken as the limit, in {self.term}; 100 % of the cases must keep it"
            )
            rule = {"limit": {"amount": self.number, "unit": self.term}}
        self.report("target", done)
        self.report("comparator", "the limit's; the share of cases is compared by >=")
        self.report("unit", "the limit's; the figure is in percent")
        self.report("calendar", done)
        return {
            "unit": "percent",
            "comparator": ">=",
            "target": "100",
            "target_text": {},
            "rule": rule,
        }

    def aimed(self) -> dict[str, Any]:
        """Read the target as a number to compare with, or keep its words."""
        comparator, target = self.get("comparator"), self.get("target")
        if self.number is not None and comparator:
            return {
                "comparator": comparator,
                "target": self.number,
                "target_text": {},
            }
        if target is not None:
            self.report("target", "kept in words: no number to compare with")
        return {
            "comparator": comparator,
            "target": None,
            "target_text": self.charter.text(target),
        }

    def rule(self, kind: str) -> dict[str, Any]:
        scale = SCALE.fullmatch(str(self.get("unit")))
        if kind in {"satisfaction_mean", "share_at_or_above"} and scale:
            low, high = scale.groups()
            self.report("calendar", "left out: a score has no clock")
            return {"scale": {"min": low, "max": high}}
        if kind == "mean_duration" and self.term:
            self.report("calendar", f"read as {self.term}")
            return {"unit": self.term}
        self.report("calendar", "left out: no limit could be read with it")
        return {}

    def unit_word(self) -> str:
        found = str(self.get("unit") or "")
        if self.unit:
            self.report("unit", f"read as {self.unit}")
            return self.unit
        if SCALE.fullmatch(found):
            self.report("unit", "read as points, with the scale in the rule")
            return "points"
        if len(found) > LONGEST_UNIT:
            self.report("unit", "left out: too long for a unit")
            return ""
        return found


def cells(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every value of a JSON tree that says something, with its path."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from cells(value, f"{path}.{name}" if path else str(name))
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for index, value in enumerate(node):
            yield from cells(value, f"{path}[{index}]")
    elif node not in {None, ""}:
        yield path, node


def _place(found: Any, index: int) -> str:
    return (
        f"sections.redress[{index}]" if isinstance(found, list) else "sections.redress"
    )


def _redress_kind(words: str, *, is_sum: bool) -> str:
    if is_sum:
        return "fixed_sum"
    return "refund" if "%" in words else "other"


def _number(found: Any) -> str | None:
    """Return a number as the exchange format writes it; ``None`` if it is none."""
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return None
    text = format(Decimal(str(found)).normalize(), "f")
    return text if TARGET.fullmatch(text) else None
