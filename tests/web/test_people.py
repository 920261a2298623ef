"""The people of a node: how they come, what they may do, how they go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from indicators.models import AuditEvent, Invitation, Person, Role
from indicators.people.roles import roles_of
from indicators.pipeline import people
from tests.people.persons import EVERYTHING, PASSWORD, at_the_desk_of, somebody, with_an_app
from tests.web.reading import page

OWN = "a staple, a battery, a horse"
pytestmark = pytest.mark.django_db


@pytest.fixture
def adam() -> User:
    return somebody("adam", Role.ADMINISTRATOR)


@pytest.fixture
def ana() -> User:
    return somebody("ana", Role.ANALYST)


@pytest.fixture
def desk(adam: User) -> Client:
    return at_the_desk_of(adam)


@pytest.fixture
def stranger() -> Client:
    return Client(SERVER_NAME="localhost")


def link_for(by: User, *roles: Role) -> str:
    return reverse("invitation", args=[people.invite(by, roles).secret])


def come_in(browser: Client, link: str, name: str = "ben") -> Any:
    return browser.post(link, {"username": name, "password": OWN, "again": OWN})


def roles_now(user: User) -> set[Role]:
    return set(roles_of(User.objects.get(pk=user.pk)))


# --- By invitation -------------------------------------------------------------------------------


def test_an_administrator_is_shown_the_link(desk: Client) -> None:
    page = desk.post(reverse("person-invite"), {"roles": ["analyst"]}).content.decode()
    assert "http://localhost/invitation/" in page


def test_the_link_is_not_kept_by_the_browser(desk: Client) -> None:
    answer = desk.post(reverse("person-invite"), {"roles": ["analyst"]})
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_secret_of_a_link_is_not_in_the_database(adam: User) -> None:
    secret = people.invite(adam, [Role.ANALYST]).secret
    kept = Invitation.objects.values().get()
    assert secret not in str(kept)


def test_an_invitation_without_a_role_is_refused(desk: Client) -> None:
    answer = desk.post(reverse("person-invite"), {"roles": []})
    assert "Choose at least one role" in answer.content.decode()


def test_who_comes_by_a_link_has_its_roles(adam: User, stranger: Client) -> None:
    come_in(stranger, link_for(adam, Role.ANALYST, Role.REVIEWER))
    assert roles_now(User.objects.get(username="ben")) == {Role.ANALYST, Role.REVIEWER}


def test_who_comes_by_a_link_is_signed_in(adam: User, stranger: Client) -> None:
    come_in(stranger, link_for(adam, Role.ANALYST))
    assert stranger.get("/account/").status_code == 200


def test_who_comes_by_a_link_sets_up_a_second_factor_next(
    adam: User, stranger: Client, settings: Any
) -> None:
    settings.MFA = "required"
    come_in(stranger, link_for(adam, Role.ANALYST))
    assert stranger.get("/account/").headers["Location"] == reverse("mfa_index")


def test_looking_at_a_link_does_not_use_it(adam: User, stranger: Client) -> None:
    link = link_for(adam, Role.ANALYST)
    stranger.get(link)
    assert stranger.get(link).status_code == 200


def test_a_link_works_once(adam: User, stranger: Client) -> None:
    link = link_for(adam, Role.ANALYST)
    come_in(stranger, link)
    assert come_in(Client(SERVER_NAME="localhost"), link, "mallory").status_code == 404


def test_a_link_that_was_taken_back_opens_nothing(
    adam: User, desk: Client, stranger: Client
) -> None:
    link = link_for(adam, Role.ANALYST)
    desk.post(reverse("invitation-revoke", args=[Invitation.objects.get().pk]))
    assert stranger.get(link).status_code == 404


def test_a_link_is_too_old_after_a_week(adam: User, stranger: Client) -> None:
    link = link_for(adam, Role.ANALYST)
    Invitation.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert stranger.get(link).status_code == 404


def test_a_made_up_link_opens_nothing(stranger: Client) -> None:
    assert stranger.get("/invitation/" + "A" * 43).status_code == 404


def test_a_name_that_somebody_has_is_refused_whatever_its_case(
    adam: User, ana: User, stranger: Client
) -> None:
    page = come_in(stranger, link_for(adam, Role.ANALYST), "Ana")
    assert "is taken" in page.content.decode()


def test_nobody_is_called_like_the_worker_of_the_audit_log(adam: User, stranger: Client) -> None:
    page = come_in(stranger, link_for(adam, Role.ANALYST), "Worker")
    assert "is taken" in page.content.decode()


def test_a_refused_name_leaves_the_link_open(adam: User, ana: User, stranger: Client) -> None:
    link = link_for(adam, Role.ANALYST)
    come_in(stranger, link, "ana")
    come_in(stranger, link, "ben")
    assert User.objects.filter(username="ben").exists()


def test_a_weak_password_is_refused(adam: User, stranger: Client) -> None:
    told = {"username": "ben", "password": "password", "again": "password"}
    page = stranger.post(link_for(adam, Role.ANALYST), told)
    assert "too short" in page.content.decode()


def test_a_link_is_not_in_the_log(
    adam: User, stranger: Client, caplog: pytest.LogCaptureFixture
) -> None:
    link = link_for(adam, Role.ANALYST)
    stranger.get(link)
    assert link.rpartition("/")[2] not in caplog.text


def test_an_invitation_and_its_use_are_written_down(adam: User, stranger: Client) -> None:
    come_in(stranger, link_for(adam, Role.ANALYST))
    written = AuditEvent.objects.order_by("pk").values_list("actor", "act")
    assert list(written) == [("adam", "invite"), ("ben", "accept invitation")]


# --- Roles ---------------------------------------------------------------------------------------


def change_roles(desk: Client, user: User, *roles: Role) -> Any:
    return desk.post(
        reverse("person-roles", args=[user.pk]), {"roles": [each.value for each in roles]}
    )


def test_an_administrator_changes_roles(desk: Client, ana: User) -> None:
    change_roles(desk, ana, Role.REVIEWER)
    assert roles_now(ana) == {Role.REVIEWER}


def test_new_roles_end_the_sessions_of_before(desk: Client, ana: User) -> None:
    hers = at_the_desk_of(ana)
    change_roles(desk, ana, Role.REVIEWER)
    assert hers.get("/account/").status_code == 302


def test_nobody_changes_their_own_roles(desk: Client, adam: User) -> None:
    change_roles(desk, adam, *EVERYTHING)
    assert roles_now(adam) == {Role.ADMINISTRATOR}


def test_an_administrator_who_is_one_no_more_is_none_in_the_administration_either(
    desk: Client, ana: User
) -> None:
    change_roles(desk, ana, Role.ADMINISTRATOR)
    change_roles(desk, ana, Role.ANALYST)
    assert not User.objects.get(pk=ana.pk).is_superuser


def test_the_last_administrator_stays(adam: User) -> None:
    with pytest.raises(people.NobodyWouldAdminister):
        people.set_roles("root", adam.pk, [Role.ANALYST])


def test_the_last_administrator_is_not_deactivated(adam: User) -> None:
    with pytest.raises(people.NobodyWouldAdminister):
        people.deactivate("root", adam.pk)


def test_a_refused_change_changes_nothing(adam: User) -> None:
    with pytest.raises(people.NobodyWouldAdminister):
        people.deactivate("root", adam.pk)
    assert User.objects.get(pk=adam.pk).is_active


def test_a_change_of_roles_is_written_down_with_what_was_before(desk: Client, ana: User) -> None:
    change_roles(desk, ana, Role.REVIEWER)
    event = AuditEvent.objects.get(act="set roles")
    assert (event.subject, event.detail) == ("ana", {"roles": ["reviewer"], "before": ["analyst"]})


# --- Going, and coming again ---------------------------------------------------------------------


def test_a_deactivated_person_is_signed_out_at_once(desk: Client, ana: User) -> None:
    hers = at_the_desk_of(ana)
    desk.post(reverse("person-deactivate", args=[ana.pk]))
    assert hers.get("/account/").status_code == 302


def test_a_deactivated_person_has_no_roles(desk: Client, ana: User) -> None:
    desk.post(reverse("person-deactivate", args=[ana.pk]))
    assert roles_now(ana) == set()


def test_nobody_deactivates_themselves(desk: Client, adam: User) -> None:
    somebody("eve", Role.ADMINISTRATOR)
    desk.post(reverse("person-deactivate", args=[adam.pk]))
    assert User.objects.get(pk=adam.pk).is_active


def test_a_person_who_is_let_in_again_has_the_roles_of_before(desk: Client, ana: User) -> None:
    desk.post(reverse("person-deactivate", args=[ana.pk]))
    desk.post(reverse("person-activate", args=[ana.pk]))
    assert roles_now(ana) == {Role.ANALYST}


def test_a_person_can_be_signed_out_everywhere(desk: Client, ana: User) -> None:
    hers = at_the_desk_of(ana)
    desk.post(reverse("person-sessions", args=[ana.pk]))
    assert hers.get("/account/").status_code == 302


def renewed(adam: User, ana: User, browser: Client) -> None:
    link = reverse("invitation", args=[people.invite_again(adam, ana.pk).secret])
    browser.post(link, {"password": OWN, "again": OWN})


def test_a_renewed_person_has_a_new_password(adam: User, ana: User, stranger: Client) -> None:
    renewed(adam, ana, stranger)
    assert User.objects.get(pk=ana.pk).check_password(OWN)


def test_a_renewed_person_has_no_second_factor_of_before(
    adam: User, ana: User, stranger: Client
) -> None:
    with_an_app(ana)
    renewed(adam, ana, stranger)
    assert not Authenticator.objects.filter(user=ana).exists()


def test_a_link_to_renew_changes_nothing_until_it_is_used(adam: User, ana: User) -> None:
    people.invite_again(adam, ana.pk)
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)


def test_a_second_link_to_renew_takes_back_the_first(
    adam: User, ana: User, stranger: Client
) -> None:
    first = people.invite_again(adam, ana.pk).secret
    people.invite_again(adam, ana.pk)
    assert stranger.get(reverse("invitation", args=[first])).status_code == 404


def test_an_administrator_does_not_renew_their_own_access(adam: User) -> None:
    with pytest.raises(people.NotForYou):
        people.invite_again(adam, adam.pk)


# --- The pages -----------------------------------------------------------------------------------


def test_everybody_is_listed(desk: Client, ana: User) -> None:
    assert reverse("person", args=[ana.pk]) in page(desk, reverse("people"))


def test_the_own_page_offers_no_change(desk: Client, adam: User) -> None:
    assert "Deactivate" not in page(desk, reverse("person", args=[adam.pk]))


def test_the_page_of_another_offers_changes(desk: Client, ana: User) -> None:
    assert "Deactivate" in page(desk, reverse("person", args=[ana.pk]))


def test_an_unknown_person_is_404(desk: Client) -> None:
    assert desk.get(reverse("person", args=[987654])).status_code == 404


def test_the_list_asks_the_database_as_often_for_many_as_for_few(
    desk: Client, adam: User, django_assert_max_num_queries: Any
) -> None:
    for each in range(30):
        somebody(f"person-{each}", Role.ANALYST)
        people.invite(adam, [Role.ANALYST])
    desk.get(reverse("people"))
    with django_assert_max_num_queries(8):
        page(desk, reverse("people"))


def test_the_command_line_adds_a_person_with_a_password_for_once(capsys: Any) -> None:
    from django.core.management import call_command

    call_command("person", "add", "ben", "--role", "analyst", "--role", "reviewer")
    password = capsys.readouterr().out.split()[-1]
    ben = Person.objects.get(user__username="ben")
    assert (ben.user.check_password(password), ben.must_change_password) == (True, True)


# --- By mail -------------------------------------------------------------------------------------


def test_an_invitation_is_mailed_where_there_is_a_mail_server(
    desk: Client, settings: Any, mailoutbox: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    told = {"roles": ["analyst"], "email": "ben@birch.example"}
    desk.post(reverse("person-invite"), told)
    assert "http://localhost/invitation/" in mailoutbox[0].body


def test_without_a_mail_server_the_link_is_to_be_handed_over(desk: Client) -> None:
    told = {"roles": ["analyst"], "email": "ben@birch.example"}
    page = desk.post(reverse("person-invite"), told).content.decode()
    assert "Hand the link over yourself" in page
