"""
Addresses of the office pages.

All but the first carry the organisation; :func:`web.office.access.requires` reads
it, so that no view can forget to whom a page belongs.
"""

from django.urls import URLPattern, URLResolver, include, path

from web.office import (
    calendars,
    cases,
    charters,
    claims,
    dashboard,
    declaring,
    drafts,
    feasibility,
    files,
    history,
    home,
    parts,
    restating,
    streams,
    suspensions,
)

app_name = "office"
charter_pages = [
    path("", charters.charter, name="charter"),
    path("draft/", charters.draft_open, name="draft"),
    path("editions/<int:number>/", charters.edition, name="edition"),
    path("publish/", charters.publish, name="publish"),
    path("head/", drafts.head, name="head"),
    path("sections/<slug:section>/", drafts.section, name="section"),
    path("commitments/new/", parts.commitment, name="commitment-new"),
    path("commitments/<int:pk>/", parts.commitment, name="commitment"),
    path(
        "commitments/<int:pk>/delete/",
        parts.commitment_delete,
        name="commitment-delete",
    ),
    path(
        "commitments/<int:commitment>/indicators/new/",
        parts.indicator,
        name="indicator-new",
    ),
    path("indicators/<int:pk>/", parts.indicator, name="indicator"),
    path(
        "indicators/<int:pk>/delete/", parts.indicator_delete, name="indicator-delete"
    ),
    path("indicators/<int:pk>/past/", feasibility.feasibility, name="feasibility"),
    path("assurance/new/", parts.assurance, name="assurance-new"),
    path("assurance/<int:pk>/", parts.assurance, name="assurance"),
    path("assurance/<int:pk>/delete/", parts.assurance_delete, name="assurance-delete"),
    path("suspensions/", suspensions.suspensions, name="suspensions"),
    path("suspensions/new/", suspensions.suspension_new, name="suspension-new"),
    path(
        "suspensions/<int:pk>/lift/",
        suspensions.suspension_lift,
        name="suspension-lift",
    ),
    path("redress/new/", parts.redress, name="redress-new"),
    path("redress/<int:pk>/", parts.redress, name="redress"),
    path("redress/<int:pk>/delete/", parts.redress_delete, name="redress-delete"),
]
stream_pages = [
    path("", streams.stream, name="stream"),
    path("edit/", streams.stream_edit, name="stream-edit"),
    path("keys/new/", streams.key_new, name="key-new"),
    path("keys/<int:pk>/rotate/", streams.key_rotate, name="key-rotate"),
    path("keys/<int:pk>/revoke/", streams.key_revoke, name="key-revoke"),
    path("events/", history.events, name="history"),
    path("events.csv", history.file, name="history-file"),
    path("events/<int:pk>/", history.event, name="history-event"),
    path("events/<int:pk>/correct/", history.correct_event, name="event-correct"),
    path("cases/<path:case>/", history.case, name="history-case"),
    path("files/", files.files, name="files"),
    path("files/<int:pk>/", files.file, name="file"),
    path("files/<int:pk>/columns/", files.file_columns, name="file-columns"),
    path("files/<int:pk>/refused.csv", files.file_refused, name="file-refused"),
]
calendar_pages = [
    path("", calendars.calendar, name="calendar"),
    path("edit/", calendars.calendar_edit, name="calendar-edit"),
    path("preview/", calendars.calendar_preview, name="calendar-preview"),
    path("library/", calendars.calendar_library, name="calendar-library"),
    path("import/", calendars.calendar_import, name="calendar-import"),
]
pages: list[URLPattern | URLResolver] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("charters/", charters.charters, name="charters"),
    # Beside the charters, not among them: one of them may be called "new".
    path("new-charter/", charters.charter_new, name="charter-new"),
    path("charters/<slug:charter>/", include(charter_pages)),
    path("calendars/", calendars.calendars, name="calendars"),
    path("new-calendar/", calendars.calendar_new, name="calendar-new"),
    path("calendars/<str:calendar>/", include(calendar_pages)),
    path("streams/", streams.streams, name="streams"),
    path("streams/<str:stream>/", include(stream_pages)),
    path("indicators/<str:indicator>/cases/", cases.cases, name="cases"),
    path("indicators/<str:indicator>/cases/<path:case>/", cases.case, name="case"),
    path("indicators/<str:indicator>/restate/", restating.restate, name="restate"),
    path(
        "indicators/<str:indicator>/declared/",
        declaring.indicator,
        name="declared-indicator",
    ),
    path(
        "indicators/<str:indicator>/declared/new/",
        declaring.enter,
        name="declared-new",
    ),
    path("declared/", declaring.declared, name="declared"),
    path("declared/<int:pk>/", declaring.value, name="declared-value"),
    path("claims/", claims.claims, name="claims"),
    path("claims/<str:reference>/", claims.claim, name="claim"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("<slug:organisation>/", include(pages)),
]
