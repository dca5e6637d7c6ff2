"""Values that nothing measures: one person enters them, another confirms them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rules import allows
from charters.forms import form_faults
from engine.declared import DeclaredError, takes_parts
from indicators.forms.declaring import DecisionForm, DeclareForm
from indicators.models import Indicator, ManualValue
from indicators.queries.declared import (
    Bond,
    bonds_of,
    declared_indicators,
    open_periods,
    period_of_value,
    values_of,
    values_waiting,
)
from indicators.queries.results import newest_lines
from indicators.services.declared import (
    AlreadyDecidedError,
    ManualError,
    MeasuredError,
    NotNewestError,
    SamePersonError,
    WaitingError,
    confirm,
    declare,
    reject,
)
from web.office.access import StaffRequest, page_language, render_office, requires
from web.presenters.cases import name_of
from web.presenters.declaring import Told, ValueView, newest_by_period, value_views
from web.presenters.periods import civil_day, long_name

FORM = ["GET", "HEAD", "POST"]


@require_safe
@requires("results.view")
def declared(request: StaffRequest) -> HttpResponse:
    """List what waits for a second person, and what is declared at all."""
    organisation = request.organisation
    waiting = list(values_waiting(organisation))
    indicators = declared_indicators(organisation)
    return render_office(
        request,
        "office/declared.html",
        {
            "waiting": [
                (value.pk, value.indicator.code, long_name(period_of_value(value)))
                for value in waiting
            ],
            "indicators": [
                (row.indicator.code, name_of(row, page_language()))
                for row in indicators
            ],
        },
    )


@require_safe
@requires("results.view")
def indicator(request: StaffRequest, indicator: str) -> HttpResponse:
    """Tell all that was ever declared of an indicator."""
    found, bonds = _indicator(request, indicator)
    today = civil_day(timezone.now(), request.organisation.time_zone)
    return render_office(
        request,
        "office/declared_indicator.html",
        {
            **_about(found, bonds),
            "values": _views(request, found, bonds, values_of(found)),
            "periods": bool(open_periods(found, today=today)),
            "crumbs": _crumbs(request, (found.code, "")),
        },
    )


@require_http_methods(FORM)
@requires("values.enter")
def enter(request: StaffRequest, indicator: str) -> HttpResponse:
    """Enter a value, or correct one that was confirmed."""
    found, bonds = _indicator(request, indicator)
    now = timezone.now()
    today = civil_day(now, request.organisation.time_zone)
    corrected = _corrected(request, found)
    if corrected is None:
        periods = open_periods(found, today=today)
    else:
        periods = [period_of_value(corrected)]
    form = DeclareForm(
        request.POST if request.method == "POST" else None,
        periods=[(period, long_name(period).capitalize()) for period in periods],
        source=bonds[-1].row.edition.source_language,
        today=today,
        correcting=corrected is not None,
        parts=takes_parts(bonds[-1].promise.rule),
        initial=_initial(corrected),
    )
    if form.is_valid():
        try:
            value = declare(
                indicator=found,
                **form.values(),
                corrects=corrected,
                by=request.user,
                today=today,
                at=now,
            )
        except DeclaredError as error:
            form.blame(error)
        except (MeasuredError, NotNewestError, WaitingError) as error:
            form.add_error("period", str(TAKEN[type(error)]))
        else:
            messages.success(
                request, _("The value is entered. It waits for a second person.")
            )
            return redirect("office:declared-value", found.organisation.slug, value.pk)
    title = _("Correct a declared value") if corrected else _("Declare a value")
    above = (found.code, _url(request, "declared-indicator", found.code))
    return render_office(
        request,
        "office/declared_new.html",
        {
            **_about(found, bonds),
            "title": title,
            "form": form if periods else None,
            "faults": form_faults(form),
            "crumbs": _crumbs(request, above, (title, "")),
        },
    )


@require_http_methods(FORM)
@requires("results.view", post="values.confirm")
def value(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a declared value; let a second person confirm or reject it."""
    found = _value(request, pk)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _value_page(request, found, form)
    try:
        if form.cleaned_data["decision"] == DecisionForm.CONFIRM:
            confirm(value=found, by=request.user, at=timezone.now())
            messages.success(request, _("The value is confirmed and published."))
        else:
            reason = form.cleaned_data["reason"]
            reject(value=found, reason=reason, by=request.user, at=timezone.now())
            messages.success(request, _("The value is rejected."))
    except (AlreadyDecidedError, MeasuredError, NotNewestError, SamePersonError) as why:
        late = str(TOO_LATE[type(why)])
        return _value_page(request, _value(request, pk), form, late=late)
    return redirect("office:declared-value", request.organisation.slug, pk)


# What else may be said of a period, and why nobody can decide any more.
TAKEN: Mapping[type[ManualError], LazyText] = {
    MeasuredError: gettext_lazy(
        "It has been measured: what is measured is not declared."
    ),
    NotNewestError: gettext_lazy("Another version stands meanwhile. Look at it first."),
    WaitingError: gettext_lazy(
        "A value of this period waits for a second person already."
    ),
}
TOO_LATE: Mapping[type[ManualError], LazyText] = {
    **TAKEN,
    AlreadyDecidedError: gettext_lazy("Somebody decided on it before you."),
    SamePersonError: gettext_lazy(
        "You entered it yourself: somebody else must decide on it."
    ),
}


def _indicator(request: StaffRequest, code: str) -> tuple[Indicator, list[Bond]]:
    """
    Find an indicator with what was promised of it.

    :raises Http404: if nothing of which a value can be declared.
    """
    if "\x00" in code:  # the database would refuse the question
        raise Http404
    found = get_object_or_404(
        Indicator.objects.select_related("organisation"),
        organisation=request.organisation,
        code=code,
    )
    bonds = bonds_of(found)
    if not bonds:
        raise Http404
    return found, bonds


def _value(request: StaffRequest, pk: int) -> ManualValue:
    found: ManualValue = get_object_or_404(
        ManualValue.objects.select_related(
            "indicator__organisation", "entered_by", "decided_by", "corrects"
        ),
        organisation=request.organisation,
        pk=pk,
    )
    return found


def _corrected(request: StaffRequest, indicator: Indicator) -> ManualValue | None:
    """Return the value that is to be corrected; ``None`` if none is."""
    asked = request.GET.get("corrects", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        raise Http404
    found: ManualValue = get_object_or_404(
        ManualValue, indicator=indicator, pk=int(asked)
    )
    return found


def _initial(corrected: ManualValue | None) -> dict[str, object]:
    if corrected is None:
        return {}
    numbers = ("numerator", "denominator", "value")
    given = {name: getattr(corrected, name) for name in numbers}
    return {
        **{name: None if n is None else _plain(n) for name, n in given.items()},
        # Of what is made of two numbers it follows from them.
        "n": corrected.n if corrected.numerator is None else None,
        "source_on": corrected.source_on,
        "document": corrected.document,
        **{f"source_{code}": text for code, text in corrected.source.items()},
    }


def _plain(found: Decimal) -> str:
    return format(found.normalize(), "f")


def _views(
    request: StaffRequest,
    found: Indicator,
    bonds: list[Bond],
    values: Iterable[ManualValue],
) -> tuple[ValueView, ...]:
    kinds = {bond.period for bond in bonds}
    lines = newest_lines(indicators=[found.pk]).filter(period_kind__in=kinds)
    told = Told(bonds, newest_by_period(lines), request.organisation, page_language())
    return value_views(values, told)


def _value_page(
    request: StaffRequest, found: ManualValue, form: DecisionForm, *, late: str = ""
) -> HttpResponse:
    bonds = bonds_of(found.indicator)
    view = _views(request, found.indicator, bonds, [found])[0]
    title = _("%(indicator)s, %(period)s") % {
        "indicator": view.indicator,
        "period": view.period,
    }
    code = found.indicator.code
    above = (code, _url(request, "declared-indicator", code))
    own = found.entered_by_id == request.user.pk
    may = allows(request.roles, "values.confirm")
    return render_office(
        request,
        "office/declared_value.html",
        {
            **_about(found.indicator, bonds),
            "title": title,
            "view": view,
            "form": form,
            "faults": [] if late else form_faults(form),
            "late": late,
            "own": own,
            "may_decide": may and not own and view.waits,
            "crumbs": _crumbs(request, above, (title, "")),
        },
        status=409 if late else 200,
    )


def _about(found: Indicator, bonds: list[Bond]) -> dict[str, object]:
    return {"indicator": found, "name": name_of(bonds[-1].row, page_language())}


def _url(request: StaffRequest, name: str, *more: str) -> str:
    return reverse(f"office:{name}", args=[request.organisation.slug, *more])


def _crumbs(request: StaffRequest, *below: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Declared values"), _url(request, "declared")), *below]
