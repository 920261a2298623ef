"""Django admin, for what administrators may edit and reviewers decide, until the pages do it."""

from django.contrib import admin

from indicators.admin import contributions, exchange, federation, reconcile

__all__ = ["contributions", "exchange", "federation", "reconcile"]

admin.site.site_header = "Retort"
admin.site.site_title = "Retort"
admin.site.index_title = "Members, peers, collections, detectors, drafts, matches"
