"""What is asked of the audit log; all of it is in the address."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from indicators.pipeline.administration.records import Asked


class AuditForm(forms.Form):
    """All that is given must hold."""

    actor = forms.CharField(label="Who", max_length=200, required=False)
    act = forms.ChoiceField(label="Did what", required=False)
    subject = forms.CharField(
        label="To what",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "how it begins"}),
    )
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, acts: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [("", "Anything"), *((act, act) for act in acts)]
        self.fields["act"].choices = choices  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        """Days are the reader's own, the last one included."""
        said = self.cleaned_data
        last = said["until"]
        return Asked(
            said["actor"],
            said["act"],
            said["subject"],
            _begin(said["since"]),
            _begin(last + timedelta(days=1)) if last and last < date.max else None,
        )


def _begin(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None
