"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import audit

paths: list[URLPattern] = [
    path("audit/", page(audit.audit, ADMINISTRATOR), name="audit"),
    path("audit/export/", page(audit.export, ADMINISTRATOR), name="audit-export"),
]
