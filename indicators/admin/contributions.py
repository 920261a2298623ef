"""Detectors and what they must not find. Their detections and drafts are not here: those have
pages, for the people whose work they are.
"""

from django.contrib import admin

from indicators.admin.kinds import ReadOnlyAdmin
from indicators.models import Allowed, AuditEvent, Detector


@admin.register(Detector)
class DetectorAdmin(ReadOnlyAdmin):
    """Who is trusted how far; changed in the settings, and written down there."""

    list_display = (
        "name", "policy", "collection", "tlp", "reviewed_count", "false_positive_count",
        "demoted_at",
    )  # fmt: skip
    readonly_fields = (
        "reviewed_count", "false_positive_count", "demoted_at", "demoted_because",
    )  # fmt: skip


@admin.register(Allowed)
class AllowedAdmin(ReadOnlyAdmin):
    """Identifiers that are never shared, by reason; added in the settings."""

    list_display = ("kind", "reason", "added_by", "added_at")
    exclude = ("sealed", "digest", "data_key")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ("at", "actor", "act", "subject")
    list_filter = ("act",)
    search_fields = ("actor", "subject")
