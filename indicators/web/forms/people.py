"""Who may come in, and what they may do."""

from django import forms

from indicators.models import Role


class RolesForm(forms.Form):
    """Several at once, if need be: nobody decides on their own work anyhow."""

    roles = forms.MultipleChoiceField(
        label="Roles",
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role."},
    )

    def clean_roles(self) -> list[Role]:
        return [Role(each) for each in self.cleaned_data["roles"]]


class InvitationForm(RolesForm):
    """A link for somebody new."""

    email = forms.EmailField(
        label="E-mail", required=False, help_text="Without one, you hand the link over yourself."
    )
