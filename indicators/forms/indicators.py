"""The form over an indicator of a draft; see :mod:`charters.forms`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as __, gettext_lazy as _

from charters.forms import DraftForm, FormRow, code_field, line_field, text_field
from engine.measures import Kind
from engine.rules import Rule, RuleError
from engine.worktime import Unit
from indicators.enums import Comparator, IndicatorKind, PeriodChoice

NONE = ("", "–")
UNITS = (
    (Unit.WORKING_DAYS, _("working days")),
    (Unit.CALENDAR_DAYS, _("calendar days")),
    (Unit.MONTHS, _("months")),
    (Unit.YEARS, _("years")),
    (Unit.OPEN_HOURS, _("hours of opening time")),
    (Unit.OPEN_MINUTES, _("minutes of opening time")),
    (Unit.LEGAL_HOURS, _("hours of working days (Ley 39/2015)")),
    (Unit.ELAPSED_DAYS, _("days of 24 hours, around the clock")),
    (Unit.ELAPSED_HOURS, _("hours around the clock")),
    (Unit.ELAPSED_MINUTES, _("minutes around the clock")),
    (Unit.ELAPSED_SECONDS, _("seconds around the clock")),
)
COMPUTED = frozenset(kind.value for kind in Kind)


def types_field(*, label: Any, help_text: Any = "") -> forms.CharField:
    """Return a field for event types, separated by commas."""
    return forms.CharField(
        label=label, max_length=1000, required=False, help_text=help_text
    )


def number_field(*, label: Any, help_text: Any = "") -> forms.DecimalField:
    """Return a field for a number of a rule, kept as the text of a decimal."""
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=16,
        decimal_places=6,
        help_text=help_text,
    )


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _number(value: Any) -> Decimal:
    return Decimal(format(Decimal(str(value)), "f"))


def _decimal(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Friendly:
    """
    A field of the form that stands for a place in the definition.

    :ivar write: turns what was typed into what the definition holds.
    :ivar read: the other way round.
    """

    path: tuple[str, ...]
    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same


FRIENDLY: dict[str, Friendly] = {
    "start_types": Friendly(("start", "types"), _names, ", ".join),
    "stop_types": Friendly(("stop", "types"), _names, ", ".join),
    "limit_amount": Friendly(("limit", "amount"), _decimal, _number),
    "limit_unit": Friendly(("limit", "unit")),
    "limit_day_one": Friendly(("limit", "day_one")),
    "duration_unit": Friendly(("unit",)),
    "percentile": Friendly(("percentile",), _decimal, _number),
    "answer_types": Friendly(("value", "types"), _names, ", ".join),
    "scale_min": Friendly(("scale", "min"), _decimal, _number),
    "scale_max": Friendly(("scale", "max"), _decimal, _number),
    "at_least": Friendly(("at_least",), _decimal, _number),
    "counted_in": Friendly(("counted_in",)),
    "minimum_sample": Friendly(("minimum_sample",)),
    "grace_days": Friendly(("grace_days",)),
}
# Where the engine names a whole part, the field that mends it.
FIELD_OF_PART = {
    "start": "start_types",
    "stop": "stop_types",
    "limit": "limit_amount",
    "unit": "duration_unit",
    "value": "answer_types",
    "scale": "scale_min",
}
FIELD_OF_PATH = {
    ".".join(friendly.path): name for name, friendly in FRIENDLY.items()
} | FIELD_OF_PART


def look_up(definition: Any, path: Sequence[str]) -> Any:
    """Return what a definition holds at a path; ``None`` if nothing."""
    for key in path:
        definition = definition.get(key) if isinstance(definition, dict) else None
    return definition


def put_in(definition: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Write a value at a path of a definition; an empty one is taken away."""
    *above, last = path
    parents = [definition]
    for key in above:
        inner = parents[-1].get(key)
        if not isinstance(inner, dict):
            inner = parents[-1][key] = {}
        parents.append(inner)
    if value in (None, "", []):
        parents[-1].pop(last, None)
    else:
        parents[-1][last] = value
    for key, parent, inner in zip(above, parents, parents[1:], strict=False):
        if not inner:
            del parent[key]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; ``streams`` if the feed is among them."""

    title: Any
    rows: list[FormRow]
    streams: bool


class DefinitionField(forms.JSONField):
    """JSON that people read: one part a line, accents as they are."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value  # as typed, wrong as it may be
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


class IndicatorForm(DraftForm):
    """
    One indicator.

    The definition in JSON is the whole truth. The fields above it show the usual
    parts of it; one that is changed is written into the JSON as it was typed.
    """

    texts = ("name", "target_text", "formula", "source_text")
    code = code_field(
        label=_("Code"),
        help_text=_(
            "One of its own in the organisation, for example LIB-01. Keep it from "
            "edition to edition, so that its figures form one series."
        ),
    )
    name = line_field(label=_("Name"))
    kind = forms.ChoiceField(label=_("What is measured"), choices=IndicatorKind.choices)
    unit = forms.CharField(
        label=_("Unit"),
        max_length=40,
        required=False,
        help_text=_("A short word: percent, points, days, working_days, count."),
    )
    comparator = forms.ChoiceField(
        label=_("The figure must be"),
        choices=[NONE, *Comparator.choices],
        required=False,
    )
    target = number_field(label=_("Target"), help_text=_("A number, for example 95."))
    period = forms.ChoiceField(
        label=_("Period"), choices=[NONE, *PeriodChoice.choices], required=False
    )
    stream = forms.ChoiceField(label=_("Feed of events"), required=False)
    calendar = forms.ChoiceField(
        label=_("Calendar"),
        required=False,
        help_text=_("For working days and opening hours."),
    )

    start_types = types_field(
        label=_("Events that start the clock"),
        help_text=_("Event types of the feed, separated by commas."),
    )
    stop_types = types_field(label=_("Events that stop the clock"))
    limit_amount = number_field(label=_("Limit"))
    limit_unit = forms.ChoiceField(
        label=_("Unit of the limit"), choices=[NONE, *UNITS], required=False
    )
    limit_day_one = forms.ChoiceField(
        label=_("First day that counts"),
        choices=[NONE, ("next", _("the next day")), ("same", _("the same day"))],
        required=False,
        help_text=_("If left open: the next day, as Spanish law counts."),
    )
    duration_unit = forms.ChoiceField(
        label=_("Unit of a mean, median or percentile of time"),
        choices=[NONE, *UNITS],
        required=False,
    )
    percentile = number_field(label=_("Percentile"), help_text=_("For example 90."))
    answer_types = types_field(label=_("Events that carry a score"))
    scale_min = number_field(label=_("Lowest score"))
    scale_max = number_field(label=_("Highest score"))
    at_least = number_field(label=_("Scores from this one on count as good"))
    counted_in = forms.ChoiceField(
        label=_("A case counts in the period in which it"),
        choices=[
            NONE,
            ("due", _("is due")),
            ("opened", _("is opened")),
            ("closed", _("is closed")),
        ],
        required=False,
        help_text=_("If left open: in which it is due."),
    )
    minimum_sample = forms.IntegerField(
        label=_("Fewest cases for a verdict"), min_value=0, required=False
    )
    grace_days = forms.IntegerField(
        label=_("Days of grace before a figure becomes final"),
        min_value=0,
        max_value=366,
        required=False,
    )

    target_text = line_field(
        label=_("Target in words"), help_text=_("Only if a number does not say it.")
    )
    formula = text_field(label=_("Formula in words"), rows=3)
    source_text = text_field(label=_("Source of the data"), rows=2)
    definition = DefinitionField(
        label=_("Advanced: the whole definition (JSON)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "lang": "en"}),
        help_text=_(
            "The complete rule, with what has no field above: pauses, exclusions, "
            "conditions, sums. A field that you change above is written in here."
        ),
    )

    GROUPS = (
        (_("What it is"), ("code", "name", "kind", "unit")),
        (
            _("Target"),
            ("comparator", "target", "period", "target_text", "minimum_sample"),
        ),
        (_("Where the data come from"), ("stream", "calendar", "source_text")),
        (
            _("Time: from when to when, and how long"),
            (
                "start_types",
                "stop_types",
                "limit_amount",
                "limit_unit",
                "limit_day_one",
                "duration_unit",
                "percentile",
            ),
        ),
        (
            _("Scores of a survey"),
            ("answer_types", "scale_min", "scale_max", "at_least"),
        ),
        (_("Counting"), ("counted_in", "grace_days", "formula")),
        (_("Definition"), ("definition",)),
    )

    def __init__(
        self,
        *args: Any,
        streams: Sequence[tuple[str, str]],
        calendars: Sequence[tuple[str, str]],
        **options: Any,
    ) -> None:
        stored = dict(options.pop("stored"))
        definition = stored.get("definition") or {}
        for name, friendly in FRIENDLY.items():
            value = look_up(definition, friendly.path)
            stored[name] = None if value is None else _readable(friendly, value)
        super().__init__(*args, stored=stored, **options)
        for name, choices in (("stream", streams), ("calendar", calendars)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- declared above
            field.choices = [NONE, *choices]
        self.initial["definition"] = definition

    def groups(self) -> list[Group]:
        """Return the fields in groups with a heading."""
        return [
            Group(title, [self.row(name) for name in names], "stream" in names)
            for title, names in self.GROUPS
        ]

    def clean_definition(self) -> dict[str, Any]:
        definition = self.cleaned_data["definition"]
        if definition is None:
            return {}
        if not isinstance(definition, dict):
            raise ValidationError(_("The definition is an object: { … }."))
        return definition

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("target") is not None and not cleaned.get("comparator"):
            self.add_error("comparator", _("A target needs a comparison."))
        if not self.errors:
            cleaned["definition"] = self._definition(cleaned)
            self._try(cleaned)
        return cleaned

    def _definition(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        definition: dict[str, Any] = json.loads(json.dumps(cleaned["definition"]))
        for name, friendly in FRIENDLY.items():
            if name not in self.changed_data:
                continue
            value = cleaned[name]
            written = None if value in (None, "") else friendly.write(value)
            put_in(definition, friendly.path, written)
        return definition

    def _try(self, cleaned: dict[str, Any]) -> None:
        """Let the engine read the rule; a draft may leave it out, not get it wrong."""
        if cleaned["kind"] not in COMPUTED or not cleaned["definition"]:
            return
        try:
            Rule.from_definition(
                cleaned["kind"],
                cleaned["definition"],
                comparator=cleaned["comparator"] or None,
                target=cleaned["target"],
            )
        except RuleError as error:
            field = FIELD_OF_PATH.get(error.path, "definition")
            self.add_error(
                field,
                __("The rule cannot be measured: %(path)s: %(fault)s.")
                % {"path": error.path, "fault": error.fault},
            )

    def values(self) -> dict[str, Any]:
        """Return the fields of the model, and the codes of stream and calendar."""
        values = super().values()
        for name in FRIENDLY:
            del values[name]
        values["source"] = values.pop("source_text")
        return values


def _readable(friendly: Friendly, value: Any) -> Any:
    try:
        return friendly.read(value)
    except (TypeError, ArithmeticError):
        # Not what the field is for: the JSON shows it, and the engine judges it.
        return None
