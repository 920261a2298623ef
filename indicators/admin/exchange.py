"""Members, collections, credentials, statuses: to look at. What is decided of them has pages."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from indicators.admin.kinds import ReadOnlyAdmin, ReadOnlyInline
from indicators.models import Collection, Contradiction, Credential, Grant, Member, Status
from indicators.reconcile.delivery import progress


class GrantInline(ReadOnlyInline):
    model = Grant


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("name", "sector", "state", "identity_id", "is_self")
    list_filter = ("sector", "state")
    search_fields = ("name", "identity_id")


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    list_display = ("title", "alias", "audience", "is_inbox", "id")
    readonly_fields = ("readers",)
    inlines = (GrantInline,)

    def readers(self, collection: Collection) -> SafeString:
        """How far each is, and what was taken back that it doesn't hold yet."""
        lines = (
            (f"{each.reader.name} ({each.reader.state}) holds {each.reader.size} entries, by"
             f" {each.reader.by or 'nothing yet'}; lacks {each.awaited} retractions",)
            for each in progress(collection.pk)
        )  # fmt: skip
        return format_html_join("", "<div>{}</div>", lines)


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    list_display = ("name", "member", "created_at", "expires_at", "revoked_at")
    list_filter = ("member",)
    readonly_fields = ("created_at",)


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
