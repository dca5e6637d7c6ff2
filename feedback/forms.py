"""Forms over claims: they check what was typed and never write."""

from datetime import date
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy as _

from feedback.enums import DECISIONS, ClaimState

LONGEST_TEXT = 10_000
LONGEST_CODE = 60


class ClaimForm(forms.Form):
    """
    A claim that a commitment was not kept.

    :param earliest: first day on which the commitment was promised.
    :param today: facts of the future cannot be claimed.
    """

    facts_on = forms.DateField(
        label=_("When did it happen?"),
        help_text=_("The day of the facts, or the day on which the limit passed."),
        error_messages={"required": _("Say on which day it happened.")},
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"],
    )
    case_key = forms.CharField(
        label=_("Case number"),
        help_text=_(
            "Optional. If you were given a number or a receipt, write it here: "
            "we can then look at exactly what happened."
        ),
        max_length=200,
        required=False,
    )
    narrative = forms.CharField(
        label=_("What happened?"),
        help_text=_("In your own words. Leave out other people's personal data."),
        error_messages={"required": _("Tell us what happened, even in a few words.")},
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    wish = forms.CharField(
        label=_("What do you ask for?"),
        help_text=_("Optional."),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_(
            "Optional, and only for the office to reach you about this claim. "
            "Without it you can follow the claim with the code that you will get."
        ),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    # Nobody sees this field: what fills it in is no person.
    website = forms.CharField(
        label=_("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=43)

    def __init__(
        self, *args: Any, action: str, earliest: date, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["facts_on"].widget = forms.DateInput(
            format="%Y-%m-%d",
            attrs={
                "type": "date",
                "min": earliest.isoformat(),
                "max": today.isoformat(),
            },
        )
        self.helper = FormHelper()
        self.helper.form_action = action
        self.helper.attrs = {"novalidate": "novalidate"}
        self.helper.layout = Layout(
            "facts_on",
            "case_key",
            "narrative",
            "wish",
            "email",
            Div("website", css_class="left-empty", aria_hidden="true"),
            "form_key",
            Submit("send", gettext("File the claim")),
        )

    def clean_facts_on(self) -> date:
        day: date = self.cleaned_data["facts_on"]
        if day > self.today:
            raise forms.ValidationError(gettext("This day has not come yet."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("website"):
            # A browser may have filled it in for a person: they can send it again.
            again = QueryDict(mutable=True)
            again.update(self.data)
            again["website"] = ""
            self.data = again
            self.add_error(
                None,
                gettext(
                    "A field that people do not see was filled in, so we took this for "
                    "a machine. If you are a person, send the form again."
                ),
            )
        return cleaned


class TrackForm(forms.Form):
    """The code that opens a claim."""

    code = forms.CharField(
        label=_("Code of the claim"),
        help_text=_(
            "The 20 letters and digits that you got when you filed it. Capital or "
            "small letters, spaces and hyphens do not matter."
        ),
        error_messages={"required": _("Write the code of your claim.")},
        max_length=LONGEST_CODE,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_action = action
        self.helper.attrs = {"novalidate": "novalidate"}
        self.helper.layout = Layout("code", Submit("see", gettext("See the claim")))


class DecisionForm(forms.Form):
    """A decision on a claim: its outcome, and the words that the citizen reads."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[choice for choice in ClaimState.choices if choice[0] in DECISIONS],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        max_length=10_000, widget=forms.Textarea(attrs={"rows": 10})
    )

    def __init__(
        self, *args: Any, language: str, language_name: str, **options: Any
    ) -> None:
        """Ask for an answer in the language in which the citizen wrote."""
        super().__init__(*args, **options)
        answer = self.fields["answer"]
        answer.widget.attrs["lang"] = language
        answer.label = _("Answer, in %(language)s") % {"language": language_name}
        answer.help_text = _(
            "It is the letter that the citizen reads: say whether you agree, why, and "
            "what you do about it. Write in the language of the claim."
        )
