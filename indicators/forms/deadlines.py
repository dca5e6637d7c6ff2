"""Forms that ask for a deadline: they check what was typed and never write."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext, gettext_lazy as _

from engine.worktime import Term, TermError, Unit

Choices = list[tuple[str, Any]]
UNITS: tuple[tuple[Unit, Any], ...] = (
    (Unit.WORKING_DAYS, _("working days")),
    (Unit.CALENDAR_DAYS, _("calendar days")),
    (Unit.MONTHS, _("months")),
    (Unit.YEARS, _("years")),
    (Unit.OPEN_HOURS, _("hours of opening time")),
    (Unit.LEGAL_HOURS, _("hours of working days")),
    (Unit.ELAPSED_HOURS, _("hours")),
)
# Without an exponent, and as much as a term may be.
AMOUNTS: dict[str, Any] = {"max_digits": 16, "decimal_places": 6, "min_value": 0}


class SpokenSelect(forms.Select):
    """A choice whose words each say in which language they are."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        language = getattr(option["label"], "language", "")
        if language:
            option["attrs"]["lang"] = language
        return option


class WhenForm(forms.Form):
    """When a term begins, in the civil time of the office."""

    day = forms.DateField(
        label=_("Day"),
        help_text=_("On which you hand it in, or on which it was handed in."),
        error_messages={"required": _("Say on which day.")},
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    time = forms.TimeField(
        label=_("Time"),
        help_text=_("By the clock of the office."),
        error_messages={"required": _("Say at what time.")},
        input_formats=["%H:%M", "%H:%M:%S", "%H.%M"],
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )

    def as_layout(self, *fields: str, submit: str) -> FormHelper:
        """Return how the form is drawn: it only asks, so it is sent by GET."""
        helper = FormHelper()
        helper.form_method = "get"
        helper.disable_csrf = True
        helper.attrs = {"novalidate": "novalidate"}
        button = StrictButton(submit, type="submit", css_class="btn-primary")
        helper.layout = Layout(*fields, button)
        return helper

    def starts(self) -> datetime:
        """Return the wall time of the start, without a zone."""
        day: date = self.cleaned_data["day"]
        clock: time = self.cleaned_data["time"]
        return datetime.combine(day, clock)


class PromiseForm(WhenForm):
    """Which promise, and when what it is about is handed in."""

    promise = forms.ChoiceField(
        label=_("Promise"),
        widget=SpokenSelect,
        error_messages={
            "required": _("Choose one of the promises."),
            "invalid_choice": _(
                "No charter in force on that day promises this. Choose another promise "
                "or another day."
            ),
        },
    )
    field_order = ["promise", "day", "time"]

    def __init__(self, *args: Any, promises: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["promise"].choices = promises  # type: ignore[attr-defined]
        self.helper = self.as_layout(
            "promise", "day", "time", submit=gettext("Say by when")
        )


class TermForm(WhenForm):
    """Any term, counted with one of the organisation's calendars."""

    amount = forms.DecimalField(
        label=_("Term"),
        error_messages={"required": _("Say how long the term is.")},
        **AMOUNTS,
    )
    unit = forms.ChoiceField(
        label=_("Counted in"),
        choices=[(unit.value, words) for unit, words in UNITS],
    )
    calendar = forms.ChoiceField(label=_("Calendar"), widget=SpokenSelect)
    field_order = ["amount", "unit", "calendar", "day", "time"]

    def __init__(self, *args: Any, calendars: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["calendar"].choices = calendars  # type: ignore[attr-defined]
        self.helper = self.as_layout(
            "amount",
            "unit",
            "calendar",
            "day",
            "time",
            submit=gettext("Count the days"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "amount" in cleaned and "unit" in cleaned:
            amount: Decimal = cleaned["amount"]
            try:
                cleaned["term"] = Term(_plain(amount), Unit(cleaned["unit"]))
            except TermError:
                self.add_error(
                    "amount",
                    gettext("Days, months and years are whole numbers from 1."),
                )
        return cleaned


def _plain(amount: Decimal) -> Decimal:
    """Drop zeros at the end, and never leave an exponent."""
    return Decimal(format(amount.normalize(), "f"))
