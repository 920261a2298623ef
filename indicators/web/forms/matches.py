"""What an analyst chooses and types of matches."""

import hashlib
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from indicators.models import Detector, MatchState, Member, Semantics
from indicators.reconcile import telling
from indicators.reconcile.queue import Filter, Place
from indicators.reconcile.replies import REACTIONS
from indicators.reconcile.triage import Decision

#: Matches that one page can decide on.
MOST = 100
_WORDS = 2_000
_LAST = 2**63 - 1
_STRENGTHS = [("", "Any"), ("2", "2 or more"), ("10", "10 or more"), ("100", "100 or more")]
_SEMANTICS = {
    Semantics.EXACT: "Any one token",
    Semantics.CANDIDATE: "Several tokens of one cluster",
    Semantics.BEHAVIOUR: "A pattern of traffic",
}
_STATES = {
    MatchState.OPEN: "Leads",
    MatchState.NEEDS_INFORMATION: "Need information",
    MatchState.CONFIRMED: "Confirmed",
    MatchState.FALSE_POSITIVE: "False positives",
}


class QueueForm(forms.Form):
    """Which matches are shown; all of it is in the address."""

    state = forms.ChoiceField(
        choices=list(_STATES.items()), required=False, widget=forms.HiddenInput
    )
    origin = forms.ChoiceField(label="Shared by", required=False)
    detector = forms.ChoiceField(label="Found by", required=False)
    semantics = forms.ChoiceField(
        label="Matched by", required=False, choices=[("", "Anything"), *_SEMANTICS.items()]
    )
    strength = forms.ChoiceField(label="Shared tokens", required=False, choices=_STRENGTHS)
    cluster = forms.IntegerField(
        required=False, min_value=1, max_value=_LAST, widget=forms.HiddenInput
    )
    place = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        others = Member.objects.filter(is_self=False).values_list("pk", "name")
        detectors = Detector.objects.values_list("pk", "name")
        for name, rows in (("origin", others), ("detector", detectors)):
            choices = [("", "Anybody"), *((str(pk), title) for pk, title in rows)]
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as declared above
            field.choices = choices

    def clean_place(self) -> Place | None:
        text = self.cleaned_data["place"]
        try:
            return Place.read(text) if text else None
        except ValueError as error:
            raise forms.ValidationError("This address leads nowhere; begin anew.") from error

    @property
    def which(self) -> Filter:
        """The filter of a valid form."""
        told = self.cleaned_data
        return Filter(
            state=MatchState(told["state"] or MatchState.OPEN),
            origin=UUID(told["origin"]) if told["origin"] else None,
            detector=UUID(told["detector"]) if told["detector"] else None,
            cluster=told["cluster"],
            semantics=told["semantics"],
            strength=int(told["strength"] or 0),
        )


class DecisionForm(forms.Form):
    """What a person finds of some matches; only what goes with the finding is asked."""

    REASONS = (
        ("", "Choose why"),
        ("shared infrastructure", "Shared infrastructure: a proxy, an office, a carrier"),
        ("known customer", "A customer whom we know"),
        ("research", "A research programme or an evaluation vendor"),
        ("coincidence", "A coincidence of something weak"),
        ("our detection", "Our own detection was wrong"),
        ("other", "Something else, as noted"),
    )

    reason = forms.ChoiceField(
        label="Why it is none",
        choices=REASONS,
        help_text="Stays here.",
        error_messages={"required": "Say why: whoever looks at the match later reads it."},
    )
    reaction = forms.ChoiceField(label="What else to tell the origin", required=False)
    explanation = forms.CharField(
        label="Words for the origin",
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They leave this node, so another person reads them first. Without words the"
        " answer needs nobody else, unless its marking does.",
    )
    is_sure = forms.BooleanField(label="Say so strongly", required=False)
    note = forms.CharField(
        label="Note for us",
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stays here.",
    )

    def __init__(self, finding: MatchState, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.finding = finding
        fitting = REACTIONS[finding.value]
        if finding != MatchState.FALSE_POSITIVE:
            del self.fields["reason"]
        if finding == MatchState.FALSE_POSITIVE or not fitting:
            del self.fields["reaction"]
        else:
            reactions = [(each, telling.REACTIONS.get(each, each)) for each in fitting]
            field = self.fields["reaction"]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as declared above
            field.choices = [("", "Nothing more"), *reactions]
        if not fitting:
            del self.fields["explanation"], self.fields["is_sure"]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("reason") == "other" and not told.get("note"):
            self.add_error("note", "Say what it is.")
        if told.get("explanation") and "reaction" in self.fields and not told.get("reaction"):
            self.add_error("reaction", "Words for the origin go with something that you tell it.")
        return told

    def decision(self, matches: tuple[UUID, ...]) -> Decision:
        """As it is told so far: what is not valid yet is left out."""
        told = getattr(self, "cleaned_data", {})
        note = told.get("note", "")
        if told.get("reason"):
            note = f"{dict(self.REASONS)[told['reason']]}. {note}".strip()
        return Decision(
            matches,
            self.finding,
            note,
            told.get("reaction", ""),
            told.get("explanation", ""),
            told.get("is_sure", False),
        )


def matches_of(data: QueryDict) -> tuple[UUID, ...]:
    """The matches that were chosen, each once; raises ValueError."""
    return tuple(dict.fromkeys(UUID(hex=each) for each in data.getlist("match")))


def finding_of(data: QueryDict) -> MatchState:
    """What was found of them; raises ValueError."""
    return MatchState(data.get("finding", ""))


def shown_as(decision: Decision) -> str:
    """A mark of what a preview showed: what is sent later is the same, or is shown again."""
    told = (decision.state, decision.reaction, decision.explanation, decision.is_sure)
    named = "\n".join([*map(repr, told), *sorted(map(str, decision.matches))])
    return hashlib.sha256(named.encode()).hexdigest()
