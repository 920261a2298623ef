"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, EVERYONE, page
from indicators.web.views import notices, webhooks

paths: list[URLPattern] = [
    path("notices/", page(notices.inbox, *EVERYONE), name="notices"),
    path("notices/read/", page(notices.mark_read, *EVERYONE), name="notices-read"),
    path("notices/choices/", page(notices.choices, *EVERYONE), name="notices-choices"),
    path("settings/webhooks/", page(webhooks.listed, ADMINISTRATOR), name="webhooks"),
    path("settings/webhooks/<uuid:number>/", page(webhooks.webhook, ADMINISTRATOR), name="webhook"),
]
