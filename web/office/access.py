"""
Who may open which office page.

Every office view carries :func:`requires`. Anonymous people are sent to log in;
members without the permission are refused; for everybody else the organisation
does not exist, so that an address never tells who our tenants are.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language

from accounts.models import Organisation, User
from accounts.rules import PERMISSIONS, allows, roles_of
from core.text import words

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of somebody who may make it; the decorator attached the rest."""

    user: User
    organisation: Organisation
    roles: frozenset[str]


StaffView = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def requires(
    permission: str, *, post: str | None = None
) -> Callable[[StaffView[P]], Callable[..., HttpResponseBase]]:
    """
    Let a view be called only with a permission of :data:`accounts.rules.PERMISSIONS`.

    :param permission: what reading the page asks.
    :param post: what writing asks, if that is something else.
    :raises KeyError: when the view is declared, if there is no such permission.
    """
    writing = post or permission
    for name in (permission, writing):
        PERMISSIONS[name]

    def decorate(view: StaffView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(
            request: HttpRequest, organisation: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            staff = cast(StaffRequest, request)
            found = Organisation.objects.filter(slug=organisation).first()
            roles = roles_of(staff.user, found) if found else frozenset()
            if found is None or not roles:
                raise Http404
            asked = writing if request.method == "POST" else permission
            if not allows(roles, asked):
                raise PermissionDenied
            staff.organisation = found
            staff.roles = roles
            return view(staff, *args, **kwargs)

        return guarded

    return decorate


def page_language() -> str:
    """Return the language of the page, which its address decides."""
    return get_language() or "en"


def render_office(
    request: StaffRequest,
    template: str,
    context: dict[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render an office page with what all of them show."""
    organisation = request.organisation
    return render(
        request,
        template,
        {
            "organisation": organisation,
            "organisation_name": words(
                organisation.name, page_language(), source=organisation.language
            ).text
            or organisation.slug,
            "may": {
                name.replace(".", "_"): allows(request.roles, name)
                for name in PERMISSIONS
            },
            **context,
        },
        status=status,
    )
