"""Matches, which people decide on; what several organizations see of one actor, and why."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from indicators import pipeline
from indicators.admin.kinds import ModelAdmin, ReadOnlyAdmin
from indicators.detections.errors import DetectionError
from indicators.models import Answer, Draft, JointCluster, KnownIndicator, Match, MatchState
from indicators.reconcile.outline import Outline, names_of, outline
from indicators.reconcile.replies import REACTIONS

_REACTIONS = [each for fitting in REACTIONS.values() for each in fitting]


class FindingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person found of one match."""

    finding = forms.ChoiceField(choices=MatchState.choices)
    reaction = forms.ChoiceField(
        choices=[("", "Nothing more"), *((each, each) for each in _REACTIONS)], required=False
    )
    explanation = forms.CharField(
        widget=forms.Textarea,
        required=False,
        help_text="For the origin to read; goes with a reaction, and another person approves it.",
    )
    is_sure = forms.BooleanField(label="Agree or disagree strongly", required=False)
    own_note = forms.CharField(
        label="Note", widget=forms.Textarea, required=False, help_text="Stays here."
    )

    class Meta:
        model = Match
        fields: tuple[str, ...] = ()


@admin.register(Match)
class MatchAdmin(ModelAdmin):
    """Leads. A decision is shared as far as the same rules as for everything allow."""

    form = FindingForm
    list_display = (
        "uuid", "state", "semantics", "shared", "account_count", "cluster", "changed_at",
        "retired_because",
    )  # fmt: skip
    list_filter = ("state", "semantics", ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("stix_id", "uuid")
    readonly_fields = (
        "uuid", "stix_id", "semantics", "shared", "account_count", "cluster", "state",
        "decided_by", "decided_at", "note", "retired_because", "answers",
    )  # fmt: skip
    actions = ("confirm", "call_false_positive", "ask_for_information", "reopen")
    ordering = ("-changed_at",)
    list_select_related = ("cluster",)

    def shared(self, match: Match) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in sorted(match.kinds.items()))

    def answers(self, match: Match) -> SafeString:
        drafts = Draft.objects.filter(match=match).order_by("created_at")
        return _lines(
            f"{draft.created_at:%Y-%m-%d %H:%M} {draft.state}:"
            f" {draft.failure or '; '.join(draft.review_reasons) or 'as decided'}"
            for draft in drafts
        )

    @admin.action(description="The same actor: confirm", permissions=["change"])
    def confirm(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        self._decide(request, _uuids(matches), MatchState.CONFIRMED)

    @admin.action(description="Not the same: false positive", permissions=["change"])
    def call_false_positive(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        self._decide(request, _uuids(matches), MatchState.FALSE_POSITIVE)

    @admin.action(description="Needs more information", permissions=["change"])
    def ask_for_information(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        self._decide(request, _uuids(matches), MatchState.NEEDS_INFORMATION)

    @admin.action(description="Open again; what was said is taken back", permissions=["change"])
    def reopen(self, request: HttpRequest, matches: QuerySet[Match]) -> None:
        self._decide(request, _uuids(matches), MatchState.OPEN)

    def save_model(self, request: HttpRequest, obj: Match, form: Any, change: bool) -> None:
        """Decide, by the same rules as everywhere."""
        told = form.cleaned_data
        self._decide(
            request,
            [obj.uuid],
            MatchState(told["finding"]),
            told["own_note"],
            reaction=told["reaction"],
            explanation=told["explanation"],
            is_sure=told["is_sure"],
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Match | None = None) -> bool:
        return False

    def _decide(
        self,
        request: HttpRequest,
        uuids: list[UUID],
        state: MatchState,
        note: str = "",
        **said: Any,
    ) -> None:
        person = request.user
        if not isinstance(person, User):
            return
        try:
            pipeline.decide_matches(uuids, state, person, note, **said)
        except DetectionError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)


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


def _uuids(matches: QuerySet[Match]) -> list[UUID]:
    return [*matches.values_list("uuid", flat=True)]


def _outlined(joint: JointCluster) -> Outline:
    """Read once for all of a page."""
    found: Outline | None = getattr(joint, "_outlined", None)
    if found is None:
        found = outline(joint)
        joint._outlined = found  # type: ignore[attr-defined]
    return found


def _lines(lines: Iterable[str]) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines))
