"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import settings

_CLIENTS, _DETECTORS, _ALLOWED = "settings/clients/", "settings/detectors/", "settings/allow-list/"

paths: list[URLPattern] = [
    path("settings/", page(settings.settings, ADMINISTRATOR), name="settings"),
    path(
        "settings/organization/",
        page(settings.organization, ADMINISTRATOR),
        name="organization",
    ),
    path(_CLIENTS, page(settings.api_clients, ADMINISTRATOR), name="clients"),
    path(f"{_CLIENTS}new/", page(settings.new_client, ADMINISTRATOR), name="client-new"),
    path(
        f"{_CLIENTS}<uuid:number>/revoke/",
        page(settings.revoke_client, ADMINISTRATOR),
        name="client-revoke",
    ),
    path(_DETECTORS, page(settings.detectors, ADMINISTRATOR), name="detectors"),
    path(f"{_DETECTORS}new/", page(settings.new_detector, ADMINISTRATOR), name="detector-new"),
    path(f"{_DETECTORS}<uuid:number>/", page(settings.detector, ADMINISTRATOR), name="detector"),
    path(
        f"{_DETECTORS}<uuid:number>/trust/",
        page(settings.trust_detector, ADMINISTRATOR),
        name="detector-trust",
    ),
    path(_ALLOWED, page(settings.allow_list, ADMINISTRATOR), name="allow-list"),
    path(
        f"{_ALLOWED}apply/", page(settings.apply_allow_list, ADMINISTRATOR), name="allow-list-apply"
    ),
    path(
        f"{_ALLOWED}<uuid:number>/remove/",
        page(settings.disallow, ADMINISTRATOR),
        name="allow-list-remove",
    ),
]
