"""Addresses of the interface for machines."""

from django.urls import path

from web.api import events, problems

app_name = "api"
urlpatterns = [
    path(
        "organisations/<slug:organisation>/streams/<str:stream>/events",
        events.events,
        name="events",
    ),
    path("<path:path>", problems.not_found, name="not-found"),
]
