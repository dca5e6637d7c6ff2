"""The way into the office."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.queries.memberships import organisations_of
from core.text import words


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the person's organisation; let them choose among several."""
    found = list(organisations_of(cast(User, request.user)))
    if len(found) == 1:
        return redirect("office:dashboard", found[0].slug)
    language = get_language() or "en"
    choices = [
        (item.slug, words(item.name, language, source=item.language)) for item in found
    ]
    return render(request, "office/home.html", {"choices": choices})
