"""Forms over claims: they check what was typed and never write."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.enums import DECISIONS, ClaimState


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
