"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import first_run

paths: list[URLPattern] = [
    path("start/", page(first_run.first_run, ADMINISTRATOR), name="first-run"),
    path("start/dismiss/", page(first_run.dismiss, ADMINISTRATOR), name="first-run-dismiss"),
]
