"""Addresses of the public pages."""

from django.urls import path

from web.public import calculator, catalogue, charters, claims

app_name = "public"
CLAIM = "<slug:organisation>/<slug:charter>/<str:commitment>/claim/"
urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    # Before the charters: "claims" can be no organisation.
    path("claims/", claims.track, name="track"),
    # Before the charters, too: none can be called "deadline".
    path("<slug:organisation>/deadline/", calculator.calculator, name="deadline"),
    path(
        "<slug:organisation>/deadline.ics",
        calculator.calendar_file,
        name="deadline-file",
    ),
    path("<slug:organisation>/<slug:charter>/", charters.charter, name="charter"),
    path(CLAIM, claims.claim, name="claim"),
    path(f"{CLAIM}filed/", claims.claim_filed, name="claim_filed"),
]
