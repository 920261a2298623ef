"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, ANALYST, EVERYONE, REVIEWER, page
from indicators.web.views import recipients, referrals

paths: list[URLPattern] = [
    path("referrals/", page(referrals.referrals, *EVERYONE), name="referrals"),
    path(
        "referrals/recipients/", page(recipients.recipients, ADMINISTRATOR), name="recipients"
    ),
    path(
        "referrals/recipients/<uuid:pk>/", page(recipients.recipient, ADMINISTRATOR),
        name="recipient",
    ),
    path("referrals/<uuid:pk>/", page(referrals.referral, *EVERYONE), name="referral"),
    path(
        "referrals/<uuid:pk>/approve/", page(referrals.approve, REVIEWER), name="referral-approve"
    ),
    path(
        "referrals/<uuid:pk>/withdraw/", page(referrals.withdraw, ANALYST, REVIEWER),
        name="referral-withdraw",
    ),
    path(
        "referrals/<uuid:pk>/download/", page(referrals.download, ANALYST, REVIEWER),
        name="referral-download",
    ),
    path(
        "referrals/<uuid:pk>/sent/", page(referrals.sent, ANALYST, REVIEWER), name="referral-sent"
    ),
    path("campaigns/<id:stix_id>/refer/", page(referrals.new, ANALYST), name="referral-new"),
    path(
        "campaigns/<id:stix_id>/permissions/", page(referrals.permit, ANALYST, REVIEWER),
        name="referral-permit",
    ),
    path(
        "referrals/permissions/<int:pk>/end/", page(referrals.end_permission, ANALYST, REVIEWER),
        name="referral-end-permission",
    ),
]  # fmt: skip
