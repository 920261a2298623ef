"""Two who act on people at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection

from indicators.models import Invitation, Role
from indicators.people.errors import NameTaken, NotInvited, PeopleError
from indicators.pipeline import people
from tests.people.persons import somebody

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_administrators_who_remove_each_other_leave_one() -> None:
    adam, eve = somebody("adam", Role.ADMINISTRATOR), somebody("eve", Role.ADMINISTRATOR)

    def remove(pair: tuple[User, User]) -> bool:
        try:
            people.set_roles(pair[0], pair[1].pk, [Role.ANALYST])
        except PeopleError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(remove, [(adam, eve), (eve, adam)]))
    assert (sorted(done), people.is_administered()) == ([False, True], True)


def test_of_two_who_choose_one_name_the_second_is_told() -> None:
    adam = somebody("adam", Role.ADMINISTRATOR)
    secrets = [people.invite(adam, [Role.ANALYST]).secret for _ in range(2)]

    def come_in(told: tuple[str, str]) -> bool:
        try:
            people.accept(*told, "a staple, a battery, a horse")
        except NameTaken:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(come_in, zip(secrets, ["ben", "Ben"], strict=True)))
    assert sorted(done) == [False, True]


def test_of_two_who_come_by_one_link_one_comes_in() -> None:
    secret = people.invite(somebody("adam", Role.ADMINISTRATOR), [Role.ANALYST]).secret

    def come_in(name: str) -> bool:
        try:
            people.accept(secret, name, "a staple, a battery, a horse")
        except NotInvited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as both:
        done = list(both.map(come_in, ["ben", "mallory"]))
    assert (sorted(done), Invitation.objects.exclude(accepted_by=None).count()) == (
        [False, True],
        1,
    )
