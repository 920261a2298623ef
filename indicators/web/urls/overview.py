"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import EVERYONE, page
from indicators.web.views import overview

paths: list[URLPattern] = [
    path("overview/", page(overview.overview, *EVERYONE), name="overview"),
]
