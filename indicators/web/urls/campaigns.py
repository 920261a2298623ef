"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import EVERYONE, page
from indicators.web.views import campaigns

paths: list[URLPattern] = [
    path("campaigns/", page(campaigns.listed, *EVERYONE), name="campaigns"),
    path("campaigns/<id:stix_id>/", page(campaigns.campaign, *EVERYONE), name="campaign"),
    path("actors/<uuid:number>/", page(campaigns.actor, *EVERYONE), name="joint"),
]
