"""Every URL: pages under a language prefix, machines' API and health without."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from web import errors, health
from web.office.login import Login

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include("web.api.urls")),
    *i18n_patterns(
        path("login/", Login.as_view(), name="login"),
        path("logout/", LogoutView.as_view(), name="logout"),
        path("office/", include("web.office.urls")),
        path("", include("web.public.urls")),
    ),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
