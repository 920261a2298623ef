"""Members, collections, credentials, statuses. Objects, entries and logs are nobody's to edit."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from indicators.admin.kinds import ModelAdmin, ReadOnlyAdmin, TabularInline
from indicators.models import Collection, Contradiction, Credential, Grant, Member, State, Status
from indicators.reconcile.delivery import progress
from indicators.store.custody import open_collection, set_member_state


class GrantInline(TabularInline):
    model = Grant
    extra = 0


@admin.register(Member)
class MemberAdmin(ModelAdmin):
    list_display = ("name", "sector", "state", "identity_id", "is_self")
    list_filter = ("sector", "state")
    search_fields = ("name", "identity_id")

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        """A member's state is its peer's, too."""
        super().save_model(request, obj, form, change)
        if change and "state" in form.changed_data:
            set_member_state(obj, State(obj.state), f"by {request.user.get_username()}")

    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        """What a member contributed stays attributed to it: it leaves by its state."""
        return False


@admin.register(Collection)
class CollectionAdmin(ModelAdmin):
    list_display = ("title", "alias", "audience", "is_inbox", "id")
    inlines = (GrantInline,)

    def readers(self, collection: Collection) -> SafeString:
        """How far each is, and what was taken back that it doesn't hold yet."""
        lines = (
            (f"{each.reader.name} ({each.reader.state}) holds {each.reader.size} entries, by"
             f" {each.reader.by or 'nothing yet'}; lacks {each.awaited} retractions",)
            for each in progress(collection.pk)
        )  # fmt: skip
        return format_html_join("", "<div>{}</div>", lines)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        """Answers are for others to read: no inbox takes them."""
        if db_field.name == "answers":
            more["queryset"] = Collection.objects.filter(is_inbox=False)
        return super().formfield_for_foreignkey(db_field, request, **more)

    def save_model(self, request: HttpRequest, obj: Collection, form: Any, change: bool) -> None:
        """A new collection is opened together with its log."""
        if change:
            super().save_model(request, obj, form, change)
            return
        fields = {name: getattr(obj, name) for name in form.cleaned_data}
        opened = open_collection(**fields)
        obj.pk, obj._state.adding = opened.pk, False

    def get_readonly_fields(self, request: HttpRequest, obj: Collection | None = None) -> list[str]:
        """The audience was promised to those who published: it never changes."""
        return [] if obj is None else ["audience", "readers"]

    def has_delete_permission(self, request: HttpRequest, obj: Collection | None = None) -> bool:
        """A log is for ever."""
        return False


@admin.register(Credential)
class CredentialAdmin(ModelAdmin):
    list_display = ("name", "member", "created_at", "expires_at", "revoked_at")
    list_filter = ("member",)
    readonly_fields = ("name", "member", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Keys are shown once, on the command line: `manage.py credential create`."""
        return False


@admin.register(Contradiction)
class ContradictionAdmin(ReadOnlyAdmin):
    """Second contents under one id and version: evidence."""

    list_display = ("stix_id", "version", "contributor", "received_at")
    list_filter = ("contributor",)
    search_fields = ("stix_id",)
    exclude = ("body",)


@admin.register(Status)
class StatusAdmin(ReadOnlyAdmin):
    """What became of POSTs."""

    list_display = ("id", "member", "collection", "requested_at", "success_count", "failure_count")
    list_filter = ("collection", "member")
    exclude = ("payload", "successes", "failures", "pendings")
