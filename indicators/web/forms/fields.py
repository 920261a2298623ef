"""Fields that several forms of ours have."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone


class UtcField(forms.DateTimeField):
    """A time in UTC, whatever zone its reader is in: what is typed means the same to everybody."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, required=False, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            return super().to_python(value)


class AmountField(forms.IntegerField):
    """A whole number, with thousands separated or not."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
        super().__init__(min_value=0, max_value=999_999_999, widget=widget, **kwargs)

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            value = value.replace(",", "").replace(" ", "").replace("\u202f", "")
        return super().to_python(value)


def choice_of(term: str) -> tuple[str, str]:
    """A term of a vocabulary, and how people read it: "CoT elicitation"."""
    words = " ".join(_SHORT.get(word, word) for word in term.split("-"))
    return term, words[:1].upper() + words[1:]


_SHORT = {"api": "API", "cot": "CoT", "ip": "IP", "rl": "RL", "sft": "SFT"}


def moment(text: str) -> datetime:
    """A time with its zone, from an address; in UTC, as PostgreSQL knows no zone a day away.

    Raises ValueError.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("A time in an address says its zone.")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("No calendar has this time.") from error


def present(**fields: Any) -> dict[str, Any]:
    """The fields that say something: what is empty is not stated."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
