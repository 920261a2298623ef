"""Detectors and what they must not find. Their detections and drafts are not here: those have
pages, for the people whose work they are.
"""

from django.contrib import admin
from django.http import HttpRequest

from indicators.admin.kinds import ModelAdmin, ReadOnlyAdmin
from indicators.models import Allowed, AuditEvent, Detector


@admin.register(Detector)
class DetectorAdmin(ModelAdmin):
    """Who is trusted how far; its record is counted, never typed."""

    list_display = (
        "name", "policy", "collection", "tlp", "reviewed_count", "false_positive_count",
        "demoted_at",
    )  # fmt: skip
    readonly_fields = (
        "reviewed_count", "false_positive_count", "demoted_at", "demoted_because",
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Detector | None = None) -> bool:
        """What it found stays attributed to it."""
        return False


@admin.register(Allowed)
class AllowedAdmin(ReadOnlyAdmin):
    """Identifiers that are never shared, by reason; they are added on the command line."""

    list_display = ("kind", "reason", "added_by", "added_at")
    exclude = ("sealed", "digest", "data_key")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ("at", "actor", "act", "subject")
    list_filter = ("act",)
    search_fields = ("actor", "subject")
