"""The form that asks why final figures are computed again."""

from django import forms
from django.utils.translation import gettext_lazy as _

from indicators.services.figures import LONGEST_CAUSE


class RestateForm(forms.Form):
    """The cause of a restatement."""

    cause = forms.CharField(
        label=_("Cause"),
        max_length=LONGEST_CAUSE,
        help_text=_(
            "Everybody will read it beside the figures, for example: the calendar "
            "lacked the local holiday of 23 June."
        ),
    )
