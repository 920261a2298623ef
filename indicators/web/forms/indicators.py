"""What of all objects is shown: everything is in the address, so that it can be kept."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from indicators.catalog import choices
from indicators.catalog.question import Query
from indicators.catalog.searching import Place
from indicators.models import Standing
from indicators.stix import Tlp, schema

_KINDS = schema("token-indicator")["properties"]["kinds"]["items"]["enum"]
_CAPABILITIES = schema("distillation-campaign")["properties"]["capability_targets"]["x-open-vocab"]
_UNMARKED = "unmarked"
_MARKINGS = [*((each.value, f"TLP:{each.value.upper()}") for each in Tlp), (_UNMARKED, "Unmarked")]
_ANY = ("", "Any")
_LAST = 2**62
_DATE = forms.DateInput(attrs={"type": "date"})
#: Filters that are shown at once; the others unfold.
FIRST = ("text", "type", "marking", "state", "by")
OTHER = (
    "kind", "capability", "collection", "signed", "least", "most", "since", "until",
)  # fmt: skip
_TERM = RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Terms are words with hyphens.")


class ObjectFilter(forms.Form):
    """Filters, and the place in the list (`before` or `after` a row's number)."""

    text = forms.CharField(
        label="Words, an id or a token",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    type = forms.CharField(label="Type", required=False, max_length=250, validators=[_TERM])
    marking = forms.ChoiceField(label="Marking", required=False, choices=[_ANY, *_MARKINGS])
    state = forms.ChoiceField(label="State", required=False, choices=[_ANY, *Standing.choices])
    by = forms.CharField(label="Shared by", required=False, max_length=36)
    kind = forms.ChoiceField(
        label="Kind of token", required=False, choices=[_ANY, *((each, each) for each in _KINDS)]
    )
    capability = forms.CharField(
        label="Capability", required=False, max_length=64, validators=[_TERM]
    )
    collection = forms.UUIDField(label="In collection", required=False)
    signed = forms.ChoiceField(
        label="Signature",
        required=False,
        choices=[_ANY, ("yes", "Signed by its author"), ("no", "Not signed")],
    )
    least = forms.IntegerField(label="Confidence from", required=False, min_value=0, max_value=100)
    most = forms.IntegerField(label="Confidence to", required=False, min_value=0, max_value=100)
    since = forms.DateField(label="Changed from", required=False, widget=_DATE)
    until = forms.DateField(label="Changed to", required=False, widget=_DATE)
    before = forms.IntegerField(
        required=False, min_value=0, max_value=_LAST, widget=forms.HiddenInput
    )
    after = forms.IntegerField(
        required=False, min_value=0, max_value=_LAST, widget=forms.HiddenInput
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
        who = [_ANY, ("own", "This node"), ("peers", "Others")]
        who += [(str(number), name) for number, name in choices.origins()]
        where = [(str(number), title) for number, title in choices.collections()]
        self._offer("type", [_ANY, *choices.types()])
        self._offer("by", who)
        self._offer("capability", [_ANY, *((each, each) for each in _CAPABILITIES)])
        self._offer("collection", [_ANY, *where])

    def _offer(self, name: str, offered: list[tuple[str, str]]) -> None:
        """A list to choose from; what else the address says stays in it."""
        said = str(self.data.get(name, ""))
        if said not in {value for value, _ in offered}:
            offered = [*offered, (said, said)]
        self.fields[name].widget = forms.Select(choices=offered)

    def clean_by(self) -> str:
        said: str = self.cleaned_data["by"]
        if said not in ("", "own", "peers"):
            try:
                said = str(forms.UUIDField().clean(said))
            except ValidationError as error:
                raise ValidationError("There is no such organization.") from error
        return said

    def clean(self) -> None:
        said = self.cleaned_data
        if _is_reversed(said.get("least"), said.get("most")):
            self.add_error("most", "This is less than the confidence that it starts from.")
        if _is_reversed(said.get("since"), said.get("until")):
            self.add_error("until", "This is before the day that it starts from.")

    def query(self) -> Query:
        """Once it is valid."""
        said = self.cleaned_data
        by, marking = said["by"], said["marking"]
        is_bounded = said["least"] is not None or said["most"] is not None
        most = 100 if said["most"] is None else said["most"]
        return Query(
            text=said["text"],
            types=_tuple(said["type"]),
            tlps=() if not marking else (None if marking == _UNMARKED else Tlp(marking).rank,),
            kinds=_tuple(said["kind"]),
            terms=_tuple(said["capability"]),
            origins=() if by in ("", "own", "peers") else (UUID(by),),
            collections=_tuple(said["collection"]),
            whose=by if by in ("own", "peers") else "",
            standings=_tuple(said["state"]),
            signed={"yes": True, "no": False}.get(said["signed"]),
            confidence=(said["least"] or 0, most) if is_bounded else None,
            since=said["since"],
            until=said["until"],
        )

    def place(self) -> Place:
        """Once it is valid."""
        return Place(self.cleaned_data["before"], self.cleaned_data["after"])

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    @property
    def other(self) -> list[forms.BoundField]:
        return [self[name] for name in OTHER]

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the place is asked for."""
        return any(self.data.get(name) for name in FIRST + OTHER)

    @property
    def is_unfolded(self) -> bool:
        return any(self.data.get(name) for name in OTHER)


class FormForm(forms.Form):
    """In which form objects leave."""

    form = forms.ChoiceField(choices=[("stix", "STIX bundle"), ("csv", "CSV")])


def _tuple(value: Any) -> tuple[Any, ...]:
    return (value,) if value else ()


def _is_reversed(first: Any, last: Any) -> bool:
    return first is not None and last is not None and bool(first > last)
