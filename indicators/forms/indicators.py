"""The form over an indicator of a draft; see :mod:`charters.forms`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as __, gettext_lazy as _

from charters.forms import DraftForm, FormRow, code_field, line_field, text_field
from engine.measures import Kind
from engine.rules import Aggregate, Per, Rule, RuleError, Sense
from engine.worktime import Unit
from indicators.enums import Comparator, IndicatorKind, PeriodChoice
from indicators.forms.friendly import (
    FIELD_OF_PATH,
    FRIENDLY,
    look_up,
    put_in,
    readable,
)
from indicators.forms.kinds import HELP, NEEDS

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


def choice_field(
    choices: Sequence[tuple[str, Any]], *, label: Any, help_text: Any = ""
) -> forms.ChoiceField:
    """Return a field for one of some values, or none."""
    return forms.ChoiceField(
        label=label, choices=[NONE, *choices], required=False, help_text=help_text
    )


def whole_field(*, label: Any, least: int = 1, help_text: Any = "") -> Any:
    """Return a field for a whole number."""
    return forms.IntegerField(
        label=label, min_value=least, required=False, help_text=help_text
    )


def word_field(*, label: Any, help_text: Any = "") -> forms.CharField:
    """Return a field for a name or a day, as the definition has it."""
    return forms.CharField(
        label=label, max_length=80, required=False, help_text=help_text
    )


@dataclass(frozen=True, slots=True)
class Group:
    """
    Fields that belong together.

    :ivar prominent: the kind needs it, or something is said in it; the others are
        folded.
    :ivar kinds: whether the kind of indicator is chosen in it, ``streams``: the feed.
    """

    title: Any
    rows: list[FormRow]
    prominent: bool
    kinds: bool
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
    as_percent = choice_field(
        (("yes", _("in per cent")), ("no", _("as a number, or a time"))),
        label=_("The figure is given"),
        help_text=_("For ratios and opening hours. If left open: in per cent."),
    )
    comparator = choice_field(Comparator.choices, label=_("The figure must be"))
    target = number_field(label=_("Target"), help_text=_("A number, for example 95."))
    period = choice_field(PeriodChoice.choices, label=_("Period"))
    stream = forms.ChoiceField(label=_("Feed of events"), required=False)
    declared = choice_field(
        (("yes", _("they are declared by hand: no feed tells of it yet")),),
        label=_("How its values come"),
        help_text=_(
            "If left open: they are measured from the feed of events. What is "
            "declared is marked so wherever it appears, and never counts as kept."
        ),
    )
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
    limit_unit = choice_field(UNITS, label=_("Unit of the limit"))
    limit_sense = choice_field(
        (
            (Sense.WITHIN, _("the case must end within it")),
            (Sense.AT_LEAST, _("notice: at least so long must pass before the stop")),
        ),
        label=_("How the limit is kept"),
        help_text=_("If left open: the case must end within it."),
    )
    limit_day_one = choice_field(
        (("next", _("the next day")), ("same", _("the same day"))),
        label=_("First day that counts"),
        help_text=_("If left open: the next day, as Spanish law counts."),
    )
    clock_types = types_field(
        label=_("Events from which the limit runs, if not from the start"),
        help_text=_("For example: the day on which the documents were complete."),
    )
    second_limit_amount = number_field(label=_("Second limit"))
    second_limit_unit = choice_field(UNITS, label=_("Unit of the second limit"))
    duration_unit = choice_field(
        UNITS,
        label=_("Unit of the time"),
        help_text=_(
            "In which a mean, median, percentile, breakdown or opening counts."
        ),
    )
    percentile = number_field(label=_("Percentile"), help_text=_("For example 90."))
    answer_types = types_field(label=_("Events that carry a score"))
    scale_min = number_field(label=_("Lowest score"))
    scale_max = number_field(label=_("Highest score"))
    at_least = number_field(label=_("Scores from this one on count as good"))
    below = number_field(label=_("Or: scores below this one are counted"))
    weight = word_field(
        label=_("Attribute with the weight of an answer"),
        help_text=_("Only for surveys with weights."),
    )
    numerator_types = types_field(
        label=_("Events that are counted"),
        help_text=_("Above the line of a share or ratio. Each counts once."),
    )
    denominator_types = types_field(
        label=_("Events of the whole"), help_text=_("Below the line.")
    )
    done_types = types_field(label=_("Events by which it is done"))
    plan_amount = whole_field(label=_("How often it is planned"))
    plan_per = choice_field(
        (
            (Per.DAY, _("a day")),
            (Per.WORKING_DAY, _("a working day")),
            (Per.WEEK, _("a week")),
            (Per.MONTH, _("a month")),
            (Per.QUARTER, _("a quarter")),
            (Per.YEAR, _("a year")),
        ),
        label=_("In each of which"),
    )
    plan_types = types_field(
        label=_("Or: events that announce what is planned"),
    )
    due_on = word_field(
        label=_("Last good day"),
        help_text=_("2026-06-30 for once, 06-30 for every year."),
    )
    due_from = word_field(
        label=_("Day of the year from which it counts for the next one"),
        help_text=_("For example 01-01. Only if it comes every year."),
    )
    daily_of = choice_field(
        (("duration", _("how long the cases took")), ("value", _("their values"))),
        label=_("What is looked at of a day’s cases"),
    )
    daily_aggregate = choice_field(
        (
            (Aggregate.MEAN, _("the mean")),
            (Aggregate.MEDIAN, _("the median")),
            (Aggregate.MAXIMUM, _("the largest")),
            (Aggregate.TOTAL, _("the total")),
            (Aggregate.COUNT, _("how many there were")),
        ),
        label=_("What is taken of it"),
        help_text=_("If left open: the mean."),
    )
    daily_comparator = choice_field(
        Comparator.choices,
        label=_("On a good day it is"),
        help_text=_("If left open: at most."),
    )
    daily_value = number_field(label=_("Value of a good day"))
    trend_against = choice_field(
        (
            ("previous", _("the period before")),
            ("year_before", _("the same period of the year before")),
        ),
        label=_("Compared with"),
        help_text=_(
            "The figure that is compared stands in the definition below, as “of”."
        ),
    )
    trend_as = choice_field(
        (("difference", _("a difference")), ("percent", _("a change in per cent"))),
        label=_("Given as"),
    )
    withdrawn_types = types_field(
        label=_("Events by which a case is withdrawn"),
        help_text=_("It counts all the same if its limit had passed."),
    )
    void_types = types_field(label=_("Events by which a case turns out to be void"))
    merged_types = types_field(label=_("Events by which a case joins another"))
    duplicate_types = types_field(
        label=_("Events by which a case turns out to be a duplicate")
    )
    reopened_types = types_field(label=_("Events that open an ended case again"))
    reopened_clock = choice_field(
        (
            ("continues", _("counts the time between")),
            ("paused", _("does not count the time between")),
        ),
        label=_("Opened again, the clock"),
    )
    demand_at_most = whole_field(
        label=_("The promise holds up to so many cases"),
        help_text=_("Cases of a day or month on which more came are left out."),
    )
    demand_per = choice_field(
        (("day", _("a day")), ("month", _("a month"))), label=_("In each of which")
    )
    counted_in = choice_field(
        (
            ("due", _("is due")),
            ("opened", _("is opened")),
            ("closed", _("is closed")),
        ),
        label=_("A case counts in the period in which it"),
        help_text=_("If left open: in which it is due."),
    )
    segment_by = word_field(
        label=_("Attribute by which figures are parted"),
        help_text=_("For example the site or the channel."),
    )
    minimum_sample = whole_field(label=_("Fewest cases for a verdict"), least=0)
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
            "conditions, targets of seasons, years and sites. A field that you change "
            "above is written in here."
        ),
    )

    # Name of a group, its heading and fields; those of ALWAYS are never folded.
    ALWAYS = frozenset({"what", "target", "data"})
    GROUPS = (
        ("what", _("What it is"), ("code", "name", "kind", "unit", "as_percent")),
        (
            "target",
            _("Target"),
            ("comparator", "target", "period", "target_text", "minimum_sample"),
        ),
        (
            "data",
            _("Where the data come from"),
            ("stream", "declared", "calendar", "source_text", "formula"),
        ),
        ("time", _("From when to when"), ("start_types", "stop_types")),
        (
            "limit",
            _("Limit"),
            (
                "limit_amount",
                "limit_unit",
                "limit_sense",
                "limit_day_one",
                "clock_types",
            ),
        ),
        (
            "second",
            _("Second limit"),
            ("second_limit_amount", "second_limit_unit"),
        ),
        ("duration", _("How long it took"), ("duration_unit", "percentile")),
        (
            "scores",
            _("Scores of a survey"),
            ("answer_types", "scale_min", "scale_max", "at_least", "below", "weight"),
        ),
        ("sums", _("What is counted"), ("numerator_types", "denominator_types")),
        ("done", _("What is done"), ("done_types",)),
        ("plan", _("What is planned"), ("plan_amount", "plan_per", "plan_types")),
        ("milestone", _("By when it is done"), ("due_on", "due_from")),
        (
            "days",
            _("A good day"),
            ("daily_of", "daily_aggregate", "daily_comparator", "daily_value"),
        ),
        ("trend", _("Comparison"), ("trend_against", "trend_as")),
        (
            "left_out",
            _("Cases that are left out or opened again"),
            (
                "withdrawn_types",
                "void_types",
                "merged_types",
                "duplicate_types",
                "reopened_types",
                "reopened_clock",
                "demand_at_most",
                "demand_per",
            ),
        ),
        (
            "counting",
            _("Counting"),
            ("counted_in", "segment_by", "grace_days"),
        ),
        ("definition", _("Definition"), ("definition",)),
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
            stored[name] = None if value is None else readable(friendly, value)
        super().__init__(*args, stored=stored, **options)
        for name, choices in (("stream", streams), ("calendar", calendars)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- declared above
            field.choices = [NONE, *choices]
        self.initial["definition"] = definition

    def groups(self) -> list[Group]:
        """Return the fields in groups with a heading."""
        needed = self.ALWAYS | NEEDS.get(self._kind(), frozenset())
        return [
            Group(
                title,
                [self.row(field) for field in fields],
                prominent=name in needed or self._says_something(name, fields),
                kinds="kind" in fields,
                streams="stream" in fields,
            )
            for name, title, fields in self.GROUPS
        ]

    def kinds(self) -> Iterator[tuple[Any, Any]]:
        """Yield what can be measured, and what each of them means."""
        for kind in IndicatorKind:
            yield kind.label, HELP[kind]

    def kind_help(self) -> Any:
        """Say what the chosen kind means."""
        return HELP.get(self._kind(), "")

    def _kind(self) -> str:
        return str(self["kind"].value() or IndicatorKind.values[0])

    def _says_something(self, name: str, fields: Sequence[str]) -> bool:
        """Say whether a group must not be folded: it holds words, or a fault."""
        if any(self.errors.get(field) for field in fields if self.is_bound):
            return True
        # The definition says again what the fields say.
        return name != "definition" and any(self[field].value() for field in fields)

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
