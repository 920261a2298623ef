"""Which of an object's places a proof is asked of."""

from django import forms


class PlaceForm(forms.Form):
    """Both empty: the newest version."""

    collection = forms.UUIDField(required=False)
    index = forms.IntegerField(required=False, min_value=0)
