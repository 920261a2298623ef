"""Django admin, for what administrators may edit and reviewers decide, until the pages do it."""

from django.contrib import admin

from indicators.admin import contributions, exchange

__all__ = ["contributions", "exchange"]

admin.site.site_header = "Retort"
admin.site.site_title = "Retort"
admin.site.index_title = "Members, collections, detectors, drafts"
