"""Forms of those who look after the streams and their keys."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from indicators.forms.calendars import NameForm
from indicators.models import Stream, WorkCalendar
from indicators.services.personal import kind_of_column
from indicators.services.streams import StreamChange

LONGEST_NAME = 80  # as the columns are wide
MOST = 10_000_000


class NamesField(forms.CharField):
    """Names, one in each line."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs |= {"rows": 6, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = (line.strip() for line in re.split(r"[\r\n]+", super().clean(value)))
        names = list(dict.fromkeys(line for line in lines if line))
        for name in names:
            if len(name) > LONGEST_NAME:
                raise ValidationError(
                    _("%(name)s has more than %(n)d letters."),
                    params={"name": name[:20] + "…", "n": LONGEST_NAME},
                )
        if self.required and not names:
            raise ValidationError(self.error_messages["required"], code="required")
        return names


class StreamForm(NameForm):
    """A stream: what it declares and what is normal for it."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        help_text=_("For example Europe/Madrid, Europe/Rome, America/Santo_Domingo."),
    )
    types = NamesField(
        label=_("Event types"),
        help_text=_(
            "One in each line, spelled as the system sends them. An event of another "
            "type is refused. Adding one is free; one that the log has or an "
            "indicator names has to stay."
        ),
    )
    attributes = NamesField(
        label=_("Attributes"),
        required=False,
        help_text=_(
            "What events may say besides: the channel, the district. Never anything "
            "that tells who somebody is."
        ),
    )
    expected_gap_days = forms.IntegerField(
        label=_("Longest normal silence, in days"),
        min_value=0,
        max_value=3660,
        required=False,
        help_text=_(
            "After so many days without an event the feed is silent: its figures say "
            "“No data yet”. Empty: any silence is normal."
        ),
    )
    expected_week_events = forms.IntegerField(
        label=_("Fewest events in a normal week"),
        min_value=1,
        max_value=MOST,
        required=False,
        help_text=_(
            "With fewer in a whole week, Monday to Sunday, figures from that week on "
            "say “No data yet”. Empty: any number is normal."
        ),
    )
    expected_delay_hours = forms.IntegerField(
        label=_("Hours between what happens and its sending"),
        min_value=0,
        max_value=24 * 366,
        initial=0,
        help_text=_(
            "24 if the system sends every night what happened that day. So long we "
            "wait before a silence or a week is judged."
        ),
    )
    calendar = forms.ChoiceField(
        label=_("Days on which the service works"),
        required=False,
        help_text=_(
            "Only the working days of this calendar count as silence, and a week with "
            "fewer of them needs fewer events: a closed August is no silence."
        ),
    )
    pseudonymous = forms.BooleanField(
        label=_("Keep pseudonyms instead of case numbers"),
        required=False,
        help_text=_(
            "Nobody can read them back; whoever knows a case number still finds its "
            "case. It can only be chosen before the first event."
        ),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        stream: Stream,
        calendars: Sequence[tuple[str, str]],
        fixed: bool,
    ) -> None:
        """
        Build the form of a stream.

        :param calendars: pairs of code and name.
        :param fixed: whether the log has events, so that case numbers stay as they are.
        """
        initial = {
            **{f"name_{code}": text for code, text in stream.name.items()},
            **{
                name: getattr(stream, name)
                for name in (
                    "revision",
                    "time_zone",
                    "types",
                    "attributes",
                    "expected_gap_days",
                    "expected_week_events",
                    "expected_delay_hours",
                )
            },
            "calendar": stream.calendar.code if stream.calendar else "",
            "pseudonymous": bool(stream.case_secret),
        }
        super().__init__(data, initial=initial)
        self._declared = frozenset(stream.attributes)
        choice = self.fields["calendar"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [("", _("All days")), *calendars]
        self.fields["pseudonymous"].disabled = fixed

    def clean_time_zone(self) -> str:
        try:
            return ZoneInfo(self.cleaned_data["time_zone"]).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValidationError(_("There is no such time zone.")) from error

    def clean_attributes(self) -> list[str]:
        names: list[str] = self.cleaned_data["attributes"]
        for name in names:
            # Its values would be refused; one that is declared has its exceptions.
            if name not in self._declared and kind_of_column(name):
                raise ValidationError(
                    _("“%(name)s” is named like personal data."), params={"name": name}
                )
        return names

    def change(self, calendars: dict[str, WorkCalendar]) -> StreamChange:
        """Return what was asked for."""
        values = self.cleaned_data
        return StreamChange(
            name=self.name(),
            time_zone=values["time_zone"],
            types=values["types"],
            attributes=values["attributes"],
            expected_gap_days=values["expected_gap_days"],
            expected_week_events=values["expected_week_events"],
            expected_delay_hours=values["expected_delay_hours"],
            calendar=calendars.get(values["calendar"]),
            pseudonymous=values["pseudonymous"],
        )


class KeyForm(forms.Form):
    """A key to a stream."""

    label = forms.CharField(
        label=_("Which machine will hold it"),
        max_length=LONGEST_NAME,
        help_text=_("For example: library system, city archive."),
    )
    operator = forms.CharField(
        label=_("Operator"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_(
            "The concessionaire whose key it is, if any. Whatever is sent with it is "
            "said to be of that operator, and figures can be given for each."
        ),
    )


class RotateForm(forms.Form):
    """How long an old key stays valid beside the new one."""

    CHOICES: ClassVar = [
        ("7", _("A week: time to put the new one in")),
        ("1", _("A day")),
        ("30", _("A month")),
        ("0", _("Not at all: it may be in the wrong hands")),
    ]
    overlap = forms.ChoiceField(
        label=_("How long the old key stays valid"),
        choices=CHOICES,
        initial="7",
        widget=forms.RadioSelect,
    )

    def clean_overlap(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["overlap"]))
