"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import EVERYONE, page
from indicators.web.views import indicators

paths: list[URLPattern] = [
    path("indicators/", page(indicators.listed, *EVERYONE), name="indicators"),
    path("indicators/export/", page(indicators.exported, *EVERYONE), name="indicators-export"),
    path("objects/<id:stix_id>/", page(indicators.looked_at, *EVERYONE), name="object"),
    path(
        "objects/<id:stix_id>/export/",
        page(indicators.object_exported, *EVERYONE),
        name="object-export",
    ),
]
