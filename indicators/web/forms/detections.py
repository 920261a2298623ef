"""What is asked of the private side, and what people say of findings."""

from typing import Any
from uuid import UUID

from django import forms

from indicators.detections.drafts.gate import looks_like
from indicators.detections.judging import MOST
from indicators.detections.listing import STANDING, DetectorRow
from indicators.models import Stage, Verdict

_WORDS = 4_000
_REASON = 300


class _ByDetector(forms.Form):
    """A list of one detector, or of all."""

    detector = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, detectors: list[DetectorRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = [each.id for each in detectors]
        named = [(str(each.id), each.name) for each in detectors]
        field: Any = self.fields["detector"]
        field.choices = [("", "Every detector"), *named]

    @property
    def detectors(self) -> list[UUID]:
        """The detectors that are meant; none if the one that was asked for is none."""
        if not self.is_valid():
            return []
        one = self.cleaned_data["detector"]
        return [UUID(one)] if one else self._all


class FindingsForm(_ByDetector):
    """Which findings to list."""

    stage = forms.ChoiceField(
        required=False,
        label="State",
        choices=[("", "All but replaced"), *((each.value, each.value) for each in Stage)],
    )

    @property
    def stages(self) -> tuple[str, ...]:
        one = self.cleaned_data.get("stage") if self.is_valid() else ""
        return (one,) if one else STANDING


class ClustersForm(_ByDetector):
    """Which clusters to list."""

    state = forms.ChoiceField(
        required=False, choices=[("", "Open and closed"), ("open", "Open"), ("closed", "Closed")]
    )

    @property
    def is_open(self) -> bool | None:
        one = self.cleaned_data.get("state") if self.is_valid() else ""
        return {"open": True, "closed": False}.get(one or "")


class VerdictForm(forms.Form):
    """What a person found of findings, and why."""

    findings = forms.MultipleChoiceField(
        error_messages={"required": "Choose the findings that you mean."}
    )
    verdict = forms.ChoiceField(
        choices=Verdict.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say what you found."},
    )
    reason = forms.CharField(
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stays here. Needed for what was not a campaign.",
    )

    def __init__(self, *args: Any, findings: list[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["findings"]
        field.choices = [(str(each), str(each)) for each in findings[:MOST]]

    def clean(self) -> dict[str, object]:
        told: dict[str, object] = super().clean() or {}
        if told.get("verdict") == Verdict.FALSE_POSITIVE and not told.get("reason"):
            self.add_error("reason", "Say why: whoever looks next reads it.")
        return told


class ShowForm(forms.Form):
    """Why somebody wants to look at identifiers, and where the look begins."""

    reason = forms.CharField(
        label="Why you look",
        max_length=_REASON,
        help_text="Kept for ever in the audit log, with your name. Name a case, not a person.",
    )
    after = forms.IntegerField(required=False, min_value=-1, widget=forms.HiddenInput)

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if what := looks_like(reason):
            raise forms.ValidationError(
                f"This looks like {what}: the audit log must hold none. Name a case instead."
            )
        return reason


class DescribeForm(forms.Form):
    """What peers shall read of a cluster; another person has to approve it."""

    text = forms.CharField(
        label="Description for peers",
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=(
            "Shared once another person approved it. No names of people, no identifiers: what"
            " looks like one is refused."
        ),
    )
