"""Detectors, their detections and drafts: trust is set here, and drafts are decided."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from indicators import pipeline
from indicators.admin.kinds import ModelAdmin, ReadOnlyAdmin
from indicators.detections.drafts.making import readable
from indicators.detections.errors import DetectionError
from indicators.models import Allowed, AuditEvent, Detection, Detector, Draft, DraftState


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


class DecisionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reviewer's decision of one draft."""

    decision = forms.ChoiceField(choices=[("approve", "Approve"), ("reject", "Reject")])
    reason = forms.CharField(widget=forms.Textarea, required=False)

    class Meta:
        model = Draft
        fields: tuple[str, ...] = ()


@admin.register(Draft)
class DraftAdmin(ModelAdmin):
    """What peers would see, what stays, and the decision. Its author can't decide it."""

    form = DecisionForm
    list_display = ("id", "state", "cluster", "collection", "object_count", "created_at", "why")
    list_filter = ("state", "collection")
    readonly_fields = (
        "state", "cluster", "match", "collection", "author", "decided_by", "decided_at",
        "decision_reason", "why", "what_stays", "what_peers_see",
    )  # fmt: skip

    def why(self, draft: Draft) -> str:
        return draft.failure or "; ".join(draft.review_reasons)

    def what_stays(self, draft: Draft) -> SafeString:
        return _as_text({name: draft.preview.get(name) for name in ("tokenized", "withheld")})

    def what_peers_see(self, draft: Draft) -> SafeString:
        return _as_text(readable(bytes(draft.objects_zstd)))

    def save_model(self, request: HttpRequest, obj: Draft, form: Any, change: bool) -> None:
        """Decide, by the same rules as everywhere."""
        person = request.user
        if not isinstance(person, User):
            return
        try:
            if form.cleaned_data["decision"] == "approve":
                pipeline.approve(obj.pk, person, form.cleaned_data["reason"])
            else:
                pipeline.reject(obj.pk, person, form.cleaned_data["reason"])
        except DetectionError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        """Only what waits for a decision can be decided."""
        in_review = obj is None or obj.state == DraftState.REVIEW
        return in_review and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Draft | None = None) -> bool:
        return False


@admin.register(Detection)
class DetectionAdmin(ReadOnlyAdmin):
    """Where each detection is on its way out. Identifiers are not shown."""

    list_display = ("uid", "revision", "detector", "stage", "stage_since", "reason")
    list_filter = ("stage", "detector")
    search_fields = ("uid",)
    exclude = ("sealed", "digest", "data_key")


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


def _as_text(content: Any) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(content, indent=1, ensure_ascii=False))
