"""The administration: for administrators, and not for what people decide."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory

from indicators.models import Detector, Person, Policy, Role

pytestmark = pytest.mark.django_db


def signed_in(name: str, *permissions: str, role: Role = Role.ADMINISTRATOR) -> Client:
    """Somebody at the administration, with no more than these of Django's permissions."""
    user = User.objects.create_user(name, is_staff=True)
    Person.objects.create(user=user, roles=[role])
    for each in permissions:
        user.user_permissions.add(Permission.objects.get(codename=each))
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


@pytest.fixture
def adam() -> Client:
    """An administrator, with all of Django's permissions."""
    client = signed_in("adam")
    User.objects.update(is_superuser=True)
    return client


def test_the_index_says_where_decisions_are_made(adam: Client) -> None:
    assert "pages of its own" in adam.get("/admin/").content.decode()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_nobody_else_comes_in(role: Role) -> None:
    assert signed_in("ana", "view_detector", role=role).get("/admin/").status_code in (302, 403)


def test_whoever_is_signed_in_and_no_administrator_is_not_asked_to_sign_in_again() -> None:
    ana = signed_in("ana", role=Role.ANALYST)
    assert ana.get("/admin/login/?next=/admin/").status_code == 403


def test_nobody_signs_in_there_without_a_second_factor() -> None:
    ana = signed_in("ana", role=Role.ANALYST)
    User.objects.create_superuser("adam", password="a password of his")
    told = {"username": "adam", "password": "a password of his"}
    assert ana.post("/admin/login/?next=/admin/", told).status_code == 403


def test_a_stranger_is_led_to_the_pages_sign_in(db: None) -> None:
    answer = Client(SERVER_NAME="localhost").post("/admin/login/", {"username": "adam"})
    assert answer.headers["Location"] == "/account/sign-in/?next=/admin/"


@pytest.mark.parametrize("table", ["draft", "detection", "match", "account", "submission"])
def test_what_analysts_and_reviewers_decide_is_not_here(adam: Client, table: str) -> None:
    assert adam.get(f"/admin/indicators/{table}/").status_code == 404


@pytest.mark.parametrize(
    "table",
    [
        "auth/user",
        "auth/group",
        "account/emailaddress",
        "mfa/authenticator",
        "usersessions/usersession",
        "axes/accessattempt",
    ],
)
def test_people_and_their_secrets_are_not_here(adam: Client, table: str) -> None:
    assert adam.get(f"/admin/{table}/").status_code == 404


def test_no_table_is_changed_there_past_the_audit_log(adam: Client, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.get(username="adam")
    tables = admin.site._registry.values()
    assert tables
    for each in tables:
        allowed = each.get_model_perms(request)
        assert (each.opts.label, [name for name, is_so in allowed.items() if is_so]) == (
            each.opts.label,
            ["view"],
        )


def test_a_detectors_policy_is_not_set_there(adam: Client) -> None:
    finder = Detector.objects.create(name="hydra-finder")
    told = {"name": finder.name, "policy": "publish", "tlp": finder.tlp}
    assert adam.post(f"/admin/indicators/detector/{finder.pk}/change/", told).status_code == 403
    finder.refresh_from_db()
    assert finder.policy == Policy.REVIEW


@pytest.mark.parametrize("path", ["knownindicator/a%00b/change/", "member/?state=%00"])
def test_a_nul_in_an_address_is_refused(adam: Client, path: str) -> None:
    assert adam.get(f"/admin/indicators/{path}").status_code == 400
