"""What several organizations see of one actor, and why; matches are decided in their pages."""

from collections.abc import Iterable

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from indicators.admin.kinds import ReadOnlyAdmin
from indicators.models import Answer, JointCluster, KnownIndicator
from indicators.reconcile.outline import Outline, names_of, outline


@admin.register(JointCluster)
class JointClusterAdmin(ReadOnlyAdmin):
    """What several organizations see of one actor; its confidence is this node's own."""

    list_display = (
        "id", "seen_by", "sureness", "subject_count", "formed_at", "changed_at", "ended_at",
    )  # fmt: skip
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    ordering = ("-confidence",)
    fields = (
        "sureness", "why", "seen_by", "subject_count", "subjects_shown", "held_together_by",
        "history", "formed_at", "changed_at", "assessed_at", "merged_into", "ended_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(ordering="confidence")
    def sureness(self, joint: JointCluster) -> str:
        return f"{joint.confidence:.2f}"

    def seen_by(self, joint: JointCluster) -> str:
        return ", ".join(names_of([joint])[joint.pk])

    def why(self, joint: JointCluster) -> SafeString:
        return _lines(_outlined(joint).why)

    def subjects_shown(self, joint: JointCluster) -> SafeString:
        return _lines(f"{each.subject} of {each.origin}" for each in _outlined(joint).subjects)

    def held_together_by(self, joint: JointCluster) -> SafeString:
        return _lines(
            f"{each.first} and {each.second} share "
            + ", ".join(f"{count} {kind}" for kind, count in sorted(each.kinds.items()))
            for each in _outlined(joint).edges
        )

    def history(self, joint: JointCluster) -> SafeString:
        return _lines(
            f"{each.at:%Y-%m-%d %H:%M} {each.what} {each.other or ''} {', '.join(each.subjects)}"
            for each in _outlined(joint).events
        )


@admin.register(KnownIndicator)
class KnownIndicatorAdmin(ReadOnlyAdmin):
    """Indicators that can be matched, own and others'."""

    list_display = (
        "stix_id", "origin", "semantics", "token_count", "confidence", "is_live", "echo_of",
    )  # fmt: skip
    list_filter = ("is_live", "semantics", "is_own", "is_first_party", "origin")
    search_fields = ("stix_id", "subject")
    list_select_related = ("origin",)


@admin.register(Answer)
class AnswerAdmin(ReadOnlyAdmin):
    """What organizations say of each other's objects."""

    list_display = (
        "kind", "origin", "target", "reaction", "stance", "count", "is_revoked", "said_at",
    )  # fmt: skip
    list_filter = ("kind", "is_own", "is_revoked", "reaction", "origin")
    search_fields = ("target", "stix_id")
    list_select_related = ("origin",)


def _outlined(joint: JointCluster) -> Outline:
    """Read once for all of a page."""
    found: Outline | None = getattr(joint, "_outlined", None)
    if found is None:
        found = outline(joint)
        joint._outlined = found  # type: ignore[attr-defined]
    return found


def _lines(lines: Iterable[str]) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines))
