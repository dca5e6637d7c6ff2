"""
Forms over a work calendar.

A change is a draft that travels with the page, in a hidden field: from the editor to
the lists of holidays and back, through the preview, and only then into a version.
Whatever comes back from a browser is read as if it had been typed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import MONTHS, WEEKDAYS as WEEKDAY_NAMES
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext as __, gettext_lazy as _, pgettext_lazy

from charters.forms import LANGUAGE_NAMES, Fault, code_field, form_faults
from core.text import LANGUAGES, Text, clean_text
from engine.worktime import CalendarError, Level, WorkCalendar as Compiled
from indicators.forms.day_fields import (
    HolidaysField,
    Hours,
    HoursField,
    OverridesField,
    WorkingDaysField,
)
from indicators.services.dayfiles import EARLIEST_YEAR, LATEST_YEAR
from indicators.services.holidays import COUNTRY_NAMES, MOST_YEARS, Division
from indicators.services.layers import Layer, layers_of, own_days, with_layers

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEVEL_NAMES = {
    Level.STATE: pgettext_lazy("layer", "State"),
    Level.REGION: pgettext_lazy("layer", "Region"),
    Level.MUNICIPALITY: pgettext_lazy("layer", "Municipality"),
    Level.OFFICE: pgettext_lazy("layer", "Office"),
}
EARLIEST, LATEST = date(EARLIEST_YEAR, 1, 1), date(LATEST_YEAR, 12, 31)
Definition: TypeAlias = dict[str, Any]


class DraftError(ValueError):
    """What came back from the browser is no draft of a calendar."""


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """
    What a calendar is about to say.

    :ivar number: of the version that it was made from.
    """

    number: int
    name: Text
    definition: Definition

    def packed(self) -> str:
        """Return it as the text that travels with the page."""
        return json.dumps(
            {"number": self.number, "name": self.name, "definition": self.definition},
            ensure_ascii=False,
        )

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """
        Read it back.

        :raises DraftError: if it is none.
        """
        if "\x00" in text or "\\u0000" in text:  # which no database keeps
            raise DraftError
        try:
            parts = json.loads(text)
            draft = cls(
                int(parts["number"]), clean_text(parts["name"]), parts["definition"]
            )
            Compiled.from_definition(draft.definition)
        except (ValueError, TypeError, LookupError, ValidationError) as error:
            raise DraftError from error
        return draft

    def saying(self, definition: Definition) -> Self:
        """Return the same draft with another definition."""
        return replace(self, definition=definition)


# --- the editor -------------------------------------------------------------------


class WeekForm(forms.Form):
    """The opening hours of a week."""

    hours_mon = HoursField(label=capfirst(WEEKDAY_NAMES[0]))
    hours_tue = HoursField(label=capfirst(WEEKDAY_NAMES[1]))
    hours_wed = HoursField(label=capfirst(WEEKDAY_NAMES[2]))
    hours_thu = HoursField(label=capfirst(WEEKDAY_NAMES[3]))
    hours_fri = HoursField(label=capfirst(WEEKDAY_NAMES[4]))
    hours_sat = HoursField(label=capfirst(WEEKDAY_NAMES[5]))
    hours_sun = HoursField(label=capfirst(WEEKDAY_NAMES[6]))

    @property
    def week_fields(self) -> list[forms.BoundField]:
        """Return the fields of the seven days."""
        return [self[f"hours_{code}"] for code in WEEKDAYS]

    def week(self) -> dict[str, Hours]:
        """Return the days that have hours, as a definition holds them."""
        hours = {code: self.cleaned_data[f"hours_{code}"] for code in WEEKDAYS}
        return {code: hours[code] for code in WEEKDAYS if hours[code]}


def _week_initial(week: Mapping[str, Hours]) -> dict[str, Hours]:
    return {f"hours_{code}": hours for code, hours in week.items()}


def _day_field(**options: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, **options)


class NameForm(forms.Form):
    """A name in every language."""

    name_ca = forms.CharField(
        label=format_lazy("{} ({})", _("Name"), LANGUAGE_NAMES["ca"]),
        max_length=200,
        required=False,
    )
    name_es = forms.CharField(
        label=format_lazy("{} ({})", _("Name"), LANGUAGE_NAMES["es"]),
        max_length=200,
        required=False,
    )
    name_it = forms.CharField(
        label=format_lazy("{} ({})", _("Name"), LANGUAGE_NAMES["it"]),
        max_length=200,
        required=False,
    )
    name_en = forms.CharField(
        label=format_lazy("{} ({})", _("Name"), LANGUAGE_NAMES["en"]),
        max_length=200,
        required=False,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for code in LANGUAGES:
            self.fields[f"name_{code}"].widget.attrs["lang"] = code

    @property
    def name_fields(self) -> list[forms.BoundField]:
        """Return the fields of the languages."""
        return [self[f"name_{code}"] for code in LANGUAGES]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(f"name_{code}") for code in LANGUAGES):
            self.add_error("name_ca", _("Give it a name in one language at least."))
        return cleaned

    def name(self) -> Text:
        """Return the name in the languages that have one."""
        return clean_text(
            {code: self.cleaned_data[f"name_{code}"] for code in LANGUAGES}
        )


class MainForm(NameForm, WeekForm):
    """All of a calendar but its seasons and layers."""

    number = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        help_text=_("For example Europe/Madrid, Europe/Rome, America/Santo_Domingo."),
    )
    known_from = _day_field(label=_("First day it knows"))
    last_day = _day_field(
        label=_("Last day it knows"),
        help_text=_(
            "Up to which day all holidays are in. A term that runs beyond it cannot "
            "be computed: nobody supposes that an unknown year has no holidays."
        ),
    )
    working_weekdays = forms.MultipleChoiceField(
        label=_("Working days of the week"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (code, capfirst(WEEKDAY_NAMES[number]))
            for number, code in enumerate(WEEKDAYS)
        ],
        help_text=_(
            "The days that count in terms of working days, whether the office opens "
            "or not. By Ley 39/2015 these are Monday to Friday."
        ),
    )
    overrides = OverridesField(
        label=_("Days with hours of their own"),
        rows=4,
        help_text=_(
            "A day in each line, with its hours: 24/12/2026 09:00-12:00. Without hours "
            "the office is closed that day, which still counts as a working day."
        ),
    )
    holidays = HolidaysField(
        label=_("Holidays of the office itself"),
        rows=4,
        help_text=_(
            "A day in each line, with its name: 22/05/2026 Santa Rita. They come after "
            "all layers. For every year, leave the year out: 22/05 Santa Rita."
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("known_from"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("It must come after the first day."))
        for name, day in (("known_from", first), ("last_day", last)):
            if day and not EARLIEST <= day <= LATEST:
                self.add_error(name, _("Choose a year between 1900 and 2199."))
        return cleaned

    def definition(self) -> Definition:
        """Return what the fields say."""
        cleaned = self.cleaned_data
        found: Definition = {
            "zone": cleaned["zone"],
            "known_from": cleaned["known_from"].isoformat(),
            "known_until": (cleaned["last_day"] + timedelta(days=1)).isoformat(),
            "weekly": self.week(),
            "working_weekdays": cleaned["working_weekdays"],
            "holidays": cleaned["holidays"],
        }
        if cleaned["overrides"]:
            found["overrides"] = cleaned["overrides"]
        return found


def _main_initial(draft: CalendarDraft) -> dict[str, Any]:
    said = draft.definition
    read = Compiled.from_definition(said)
    return {
        "number": draft.number,
        **{f"name_{code}": text for code, text in draft.name.items()},
        "zone": said["zone"],
        "known_from": read.known_from,
        "last_day": read.known_until - timedelta(days=1),
        **_week_initial(said.get("weekly", {})),
        "working_weekdays": said.get("working_weekdays", WEEKDAYS[:5]),
        "overrides": said.get("overrides", {}),
        "holidays": own_days(said),
    }


_MONTH_CHOICES = [("", "–"), *((number, MONTHS[number]) for number in MONTHS)]


def _number_of_day(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(min_value=1, max_value=31, required=False, **options)


def _month(**options: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        choices=_MONTH_CHOICES, coerce=int, empty_value=None, required=False, **options
    )


class SeasonForm(WeekForm):
    """A part of every year with opening hours of its own, both days included."""

    first_day = _number_of_day(label=_("First day"))
    first_month = _month(label=_("First month"))
    last_day = _number_of_day(label=_("Last day"))
    last_month = _month(label=_("Last month"))
    BOUNDS = ("first_day", "first_month", "last_day", "last_month")

    @property
    def removed(self) -> bool:
        """Whether the season goes: ticked for removal, or never filled in."""
        return bool(self.cleaned_data.get("DELETE")) or not any(
            self.cleaned_data.get(name) for name in self.fields if name != "DELETE"
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.removed or self.errors:
            return cleaned
        if not all(cleaned[name] for name in self.BOUNDS):
            self.add_error("first_day", _("Give the first and the last day."))
            return cleaned
        for name in ("first", "last"):
            try:
                self._date(name)
            except ValueError:
                self.add_error(f"{name}_day", _("That month has no such day."))
        return cleaned

    def _date(self, name: str) -> date:
        # In a leap year, so that 29 February is a day.
        return date(
            2024, self.cleaned_data[f"{name}_month"], self.cleaned_data[f"{name}_day"]
        )

    def season(self) -> Definition:
        """Return the season as a definition holds it: its end is not included."""
        first, last = self._date("first"), self._date("last")
        return {
            "from": f"{first:%m-%d}",
            "until": f"{last + timedelta(days=1):%m-%d}",
            "weekly": self.week(),
        }


def _season_initial(season: Definition) -> dict[str, Any]:
    first = date.fromisoformat(f"2024-{season['from']}")
    last = date.fromisoformat(f"2024-{season['until']}") - timedelta(days=1)
    return {
        "first_day": first.day,
        "first_month": first.month,
        "last_day": last.day,
        "last_month": last.month,
        **_week_initial(season.get("weekly", {})),
    }


class LayerForm(forms.Form):
    """The days of one authority."""

    level = forms.ChoiceField(
        label=_("Who sets these days"),
        choices=[(level.value, name) for level, name in LEVEL_NAMES.items()],
        initial=Level.MUNICIPALITY.value,
    )
    code = forms.CharField(
        label=_("Code of the territory"),
        max_length=60,
        required=False,
        help_text=_("For example ES, ES-CT, or the code of the town."),
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    source = forms.CharField(
        label=_("Source"),
        max_length=500,
        required=False,
        help_text=_("The gazette and its date, or an address."),
    )
    days = HolidaysField(
        label=_("Holidays"),
        rows=8,
        help_text=_("A day in each line, with its name: 24/06/2026 Sant Joan."),
    )
    working = WorkingDaysField(
        label=_("Working days after all"),
        rows=2,
        help_text=_(
            "Days that a wider layer takes off and that work here; a day in each line."
        ),
    )

    @property
    def removed(self) -> bool:
        """Whether the layer goes: ticked for removal, or never filled in."""
        return bool(self.cleaned_data.get("DELETE")) or not any(
            self.cleaned_data.get(name)
            for name in self.fields
            if name not in {"DELETE", "level"}
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        both = set(cleaned.get("days") or {}) & set(cleaned.get("working") or {})
        if both:
            self.add_error(
                "working",
                ValidationError(
                    _("%(day)s is a holiday of this layer."), params={"day": min(both)}
                ),
            )
        return cleaned

    def layer(self) -> Layer:
        """Return the layer that was typed."""
        cleaned = self.cleaned_data
        return Layer(
            Level(cleaned["level"]),
            cleaned["code"],
            cleaned["name"],
            cleaned["source"],
            cleaned["days"],
            frozenset(cleaned["working"]),
        )


def _layer_initial(layer: Layer) -> dict[str, Any]:
    return {
        "level": layer.level.value,
        "code": layer.code,
        "name": layer.name,
        "source": layer.source,
        "days": dict(layer.holidays),
        "working": dict.fromkeys(layer.working, ""),
    }


if TYPE_CHECKING:
    SeasonFormSetBase = forms.BaseFormSet[SeasonForm]
    LayerFormSetBase = forms.BaseFormSet[LayerForm]
else:  # Django's own class takes no parameters
    SeasonFormSetBase = LayerFormSetBase = forms.BaseFormSet


class LayerFormSet(LayerFormSetBase):
    """The layers; none may stand twice."""

    def clean(self) -> None:
        if any(self.errors):
            return
        seen = set()
        for form in self.forms:
            if form.removed:
                continue
            if form.layer().key in seen:
                raise ValidationError(_("Two layers have the same level and code."))
            seen.add(form.layer().key)


class CalendarEditor:
    """
    The whole of a calendar: names, range, hours, seasons and layers, saved together.

    :param draft: what the fields show until something is typed.
    """

    def __init__(self, data: QueryDict | None, *, draft: CalendarDraft) -> None:
        self.draft = draft
        self.main = MainForm(data, initial=_main_initial(draft))
        self.seasons = self._formset(
            SeasonForm,
            SeasonFormSetBase,
            data,
            "seasons",
            [_season_initial(part) for part in draft.definition.get("seasons", [])],
        )
        self.layers = self._formset(
            LayerForm,
            LayerFormSet,
            data,
            "layers",
            [_layer_initial(layer) for layer in layers_of(draft.definition)],
        )
        self.faults: list[Fault] = []

    @staticmethod
    def _formset(
        form: Any, base: Any, data: QueryDict | None, prefix: str, initial: list[Any]
    ) -> Any:
        factory = forms.formset_factory(
            form,
            formset=base,
            extra=1,
            can_delete=True,
            max_num=60,
            absolute_max=80,
        )
        rows = factory(data, prefix=prefix, initial=initial)
        for row in rows.forms:
            row.fields["DELETE"].label = _("Remove this entry")
        return rows

    def is_valid(self) -> bool:
        """Check everything, so that every error is shown at once."""
        valid = all(
            [self.main.is_valid(), self.seasons.is_valid(), self.layers.is_valid()]
        )
        self.faults = self._field_faults()
        if valid:
            self.faults = self._definition_faults()
        return not self.faults

    def _field_faults(self) -> list[Fault]:
        found = form_faults(self.main)
        for key, rows in (("seasons", self.seasons), ("layers", self.layers)):
            for form in rows.forms:
                found += form_faults(form)
            found += [Fault("", str(error), key) for error in rows.non_form_errors()]
        return found

    def _definition_faults(self) -> list[Fault]:
        """Let the engine read what was typed: it has the last word."""
        try:
            Compiled.from_definition(self.definition())
        except CalendarError as error:
            path = str(error).partition(":")[0]
            if path == "zone":
                self.main.add_error("zone", _("There is no time zone of this name."))
                return form_faults(self.main)
            if path.startswith("seasons"):
                message = __("Two seasons overlap, or one is the whole year.")
                return [Fault(__("Seasons"), message, "seasons")]
            return [Fault("", str(error), "")]
        return []

    def name(self) -> Text:
        """Return the name that was typed."""
        return self.main.name()

    def definition(self) -> Definition:
        """Return what was typed as a definition."""
        found = self.main.definition()
        seasons = [form.season() for form in self.seasons.forms if not form.removed]
        if seasons:
            found["seasons"] = seasons
        return with_layers(
            found, [form.layer() for form in self.layers.forms if not form.removed]
        )

    def typed(self) -> CalendarDraft:
        """Return what was typed as a draft of the same version."""
        return CalendarDraft(
            self.main.cleaned_data["number"], self.name(), self.definition()
        )


# --- beside the editor --------------------------------------------------------------


class NewCalendarForm(NameForm):
    """What a calendar needs in order to begin."""

    code = code_field(
        label=_("Code"),
        help_text=_("A short name, for example office. It cannot be changed later."),
    )
    copied = forms.ChoiceField(label=_("Begin with"), required=False)
    field_order = ("code",)

    def __init__(
        self, *args: Any, calendars: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        copied = cast(forms.ChoiceField, self.fields["copied"])
        copied.choices = [
            ("", _("Monday to Friday, without holidays")),
            *(
                (code, __("A copy of %(name)s") % {"name": name})
                for code, name in calendars
            ),
        ]


class YearsForm(forms.Form):
    """From which year to which."""

    from_year = forms.IntegerField(
        label=_("From the year"), min_value=EARLIEST_YEAR, max_value=LATEST_YEAR
    )
    to_year = forms.IntegerField(
        label=_("To the year"), min_value=EARLIEST_YEAR, max_value=LATEST_YEAR
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_year"), cleaned.get("to_year")
        if first and last and not first <= last < first + MOST_YEARS:
            self.add_error(
                "to_year", _("Choose between one and 30 years, in their order.")
            )
        return cleaned

    def years(self) -> range:
        """Return the years asked for."""
        return range(self.cleaned_data["from_year"], self.cleaned_data["to_year"] + 1)


class LibraryForm(YearsForm):
    """Which holidays to look up in the library."""

    country = forms.ChoiceField(label=_("Country"))
    divisions = forms.MultipleChoiceField(
        label=_("Regions, provinces and towns"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    language = forms.ChoiceField(
        label=_("Language of the names"),
        choices=list(LANGUAGE_NAMES.items()),
        help_text=_("Where there are no names in it, they are in the country's own."),
    )
    field_order = ("country", "divisions", "from_year", "to_year", "language")

    def __init__(
        self,
        *args: Any,
        own_country: str,
        divisions: Iterable[Division],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        names = {own_country: own_country, **COUNTRY_NAMES}
        cast(forms.ChoiceField, self.fields["country"]).choices = sorted(
            names.items(), key=lambda item: str(item[1])
        )
        cast(forms.MultipleChoiceField, self.fields["divisions"]).choices = [
            (division.code, division.name) for division in divisions
        ]


class ImportForm(YearsForm):
    """A file of days, and the layer that they go into."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("A table (CSV) or an iCalendar (.ics), up to 1 MB."),
    )
    only = forms.CharField(
        label=_("Only lines that have this in one of their cells"),
        max_length=200,
        required=False,
        help_text=_("For tables of many towns: the name or code of yours."),
    )
    layer = forms.ChoiceField(label=_("Layer that they go into"), required=False)
    level = forms.ChoiceField(
        label=_("Who sets these days"),
        choices=[(level.value, name) for level, name in LEVEL_NAMES.items()],
        initial=Level.MUNICIPALITY.value,
    )
    code = forms.CharField(
        label=_("Code of the territory"), max_length=60, required=False
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    source = forms.CharField(
        label=_("Source"),
        max_length=500,
        required=False,
        help_text=_("The gazette and its date, or an address."),
    )
    field_order = ("file", "only", "from_year", "to_year", "layer")

    def __init__(self, *args: Any, layers: Sequence[Layer], **options: Any) -> None:
        super().__init__(*args, **options)
        self.present = {f"{layer.level.value}/{layer.code}": layer for layer in layers}
        cast(forms.ChoiceField, self.fields["layer"]).choices = [
            ("", _("A new layer, described below")),
            *(
                (key, format_lazy("{}: {}", LEVEL_NAMES[layer.level], layer.name))
                for key, layer in self.present.items()
            ),
        ]

    def target(self) -> Layer:
        """Return the layer that the days go into, without days."""
        cleaned = self.cleaned_data
        present = self.present.get(cleaned["layer"])
        if present is not None:
            return Layer(
                present.level,
                present.code,
                present.name,
                cleaned["source"] or present.source,
            )
        return Layer(
            Level(cleaned["level"]), cleaned["code"], cleaned["name"], cleaned["source"]
        )


class ReasonForm(forms.Form):
    """Why a calendar changes."""

    reason = forms.CharField(
        label=_("Why it changes"),
        max_length=500,
        help_text=_("For example: working calendar of 2027, DOGC of 12 November 2026."),
    )
