"""Log in and out."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from web.limits import Limit, spend

# Generous: a whole office may share one address.
LOGGING_IN = Limit("login", most=40, seconds=15 * 60)


class LoginForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = {
        "invalid_login": _(
            "The e-mail or the password is not right. Mind capital letters."
        ),
        "inactive": _("This account is closed."),
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"] = forms.EmailField(
            label=_("E-mail"),
            widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        )
        self.fields["password"].label = _("Password")

    def clean_username(self) -> str:
        """Compare in lower case, as addresses are kept."""
        email: str = self.cleaned_data["username"]
        return email.lower()


class Login(LoginView):
    """The staff's door."""

    authentication_form = LoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Try the password, unless this address has tried too often."""
        wait = spend(LOGGING_IN, request)
        if not wait:
            return super().post(request, *args, **kwargs)
        form = self.get_form_class()(request)
        response = self.render_to_response(
            self.get_context_data(form=form, minutes=wait // 60 + 1)
        )
        response.status_code = 429
        response["Retry-After"] = str(wait)
        return response
