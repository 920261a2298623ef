"""A referral goes out when two people other than its author approved what was frozen."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from indicators.models import AuditEvent, Referral, Role
from indicators.pipeline import referring
from indicators.referrals import html
from indicators.referrals.errors import NotForYou, WrongState
from tests.referrals.case import CAMPAIGN, TLP_AMBER, WORDS, Case, claim, said


def referred(case: Case) -> UUID:
    """By Ana, for an authority."""
    return referring.refer(CAMPAIGN, case.recipient(), WORDS, case.ana)


def approved(case: Case) -> UUID:
    made = referred(case)
    referring.approve(made, case.ben)
    referring.approve(made, case.rae)
    return made


def test_two_approvals_sign_it(case: Case) -> None:
    row = Referral.objects.get(pk=approved(case))
    assert row.state == "approved" and row.jws


def test_one_approval_is_not_enough(case: Case) -> None:
    made = referred(case)
    referring.approve(made, case.ben)
    with pytest.raises(WrongState, match="has to be approved or sent"):
        referring.take(made, case.ana)


def test_its_author_never_approves(case: Case) -> None:
    with pytest.raises(NotForYou, match="You made this referral"):
        referring.approve(referred(case), case.ana)


def test_nobody_approves_twice(case: Case) -> None:
    made = referred(case)
    referring.approve(made, case.ben)
    with pytest.raises(NotForYou, match="somebody else"):
        referring.approve(made, case.ben)


def test_an_analyst_alone_does_not_approve(case: Case) -> None:
    with pytest.raises(NotForYou, match="role reviewer"):
        referring.approve(referred(case), case.person("cem", Role.ANALYST))


def test_a_reviewer_alone_does_not_make_one(case: Case) -> None:
    with pytest.raises(NotForYou, match="role analyst"):
        referring.refer(CAMPAIGN, case.recipient(), WORDS, case.rae)


@pytest.mark.parametrize("field", ["first_approver", "second_approver"])
def test_the_database_refuses_an_author_who_approves(case: Case, field: str) -> None:
    rows = Referral.objects.filter(pk=referred(case))
    with pytest.raises(IntegrityError, match="approve"), transaction.atomic():
        rows.update(**{field: case.ana})


def test_the_database_refuses_one_person_twice(case: Case) -> None:
    rows = Referral.objects.filter(pk=referred(case))
    with pytest.raises(IntegrityError, match="two_people_approve"), transaction.atomic():
        rows.update(first_approver=case.ben, second_approver=case.ben)


def test_the_database_refuses_a_state_without_approvals(case: Case) -> None:
    rows = Referral.objects.filter(pk=referred(case))
    with pytest.raises(IntegrityError, match="nothing_is_sent_unapproved"), transaction.atomic():
        rows.update(state="sent")


def test_the_database_refuses_another_content(case: Case) -> None:
    rows = Referral.objects.filter(pk=referred(case))
    with pytest.raises(ProgrammingError, match="is frozen"), transaction.atomic():
        rows.update(content_zstd=b"something else")


def test_the_database_refuses_to_change_an_approval(case: Case) -> None:
    rows = Referral.objects.filter(pk=approved(case))
    with pytest.raises(ProgrammingError, match="never changed"), transaction.atomic():
        rows.update(second_approved_at=datetime.now(UTC))


def test_the_database_refuses_to_forget_a_referral(case: Case) -> None:
    made = referred(case)
    with pytest.raises(ProgrammingError, match="never deleted"), transaction.atomic():
        Referral.objects.filter(pk=made).delete()


def test_what_is_taken_twice_is_the_same(case: Case) -> None:
    made = approved(case)
    assert referring.take(made, case.ana) == referring.take(made, case.ben)


def test_what_was_signed_is_taken_whatever_renders_it_today(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = approved(case)
    first = referring.take(made, case.ana)
    monkeypatch.setattr(html, "_STYLE", "body{color:red}")
    assert referring.take(made, case.ana) == first


def test_what_was_signed_before_packs_were_kept_is_made_again(case: Case) -> None:
    made = approved(case)
    before = Referral.objects.get(pk=made)
    before.pk, before.pack_zstd = uuid4(), None
    before.save(force_insert=True)
    assert referring.take(before.pk, case.ana) == referring.take(made, case.ana)


def test_the_database_refuses_another_pack_than_was_signed(case: Case) -> None:
    rows = Referral.objects.filter(pk=approved(case))
    with pytest.raises(ProgrammingError, match="never changed"), transaction.atomic():
        rows.update(pack_zstd=b"something else")


def test_every_object_in_it_is_written_down_each_time(case: Case) -> None:
    made = approved(case)
    referring.take(made, case.ana)
    referring.take(made, case.ana)
    count = Referral.objects.get(pk=made).object_count
    assert AuditEvent.objects.filter(act="disclose object", subject=CAMPAIGN).count() == 2
    assert AuditEvent.objects.filter(act="disclose object").count() == 2 * count


def test_what_was_taken_back_meanwhile_is_not_approved(case: Case) -> None:
    made = referred(case)
    later = "2026-03-02T12:00:00.000Z"
    case.hold(said("threat-actor", "case", name="Alleged operators", revoked=True, modified=later))
    with pytest.raises(WrongState, match="may no longer go"):
        referring.approve(made, case.ben)


def test_a_claim_that_was_taken_back_meanwhile_is_not_approved(case: Case) -> None:
    made = referred(case)
    later = "2026-03-02T12:00:00.000Z"
    case.hold(claim(case.alder.identity_id, revoked=True, modified=later))
    with pytest.raises(WrongState, match="Its originator took it back"):
        referring.approve(made, case.ben)


def test_a_permission_that_ended_meanwhile_is_heeded(case: Case) -> None:
    ministry = case.recipient("Ministry", max_tlp=2)
    referring.permit(CAMPAIGN, case.birch, ministry, "By letter", case.ana)
    made = referring.refer(CAMPAIGN, ministry, WORDS, case.ana)
    referring.end_permission(ministry.permissions.get().pk, case.ana)
    with pytest.raises(WrongState, match="has not permitted it"):
        referring.approve(made, case.ben)


def test_what_was_marked_anew_after_its_approval_is_not_taken(case: Case) -> None:
    made = approved(case)
    later = "2026-03-02T12:00:00.000Z"
    case.hold(said("threat-actor", "case", TLP_AMBER, name="Alleged operators", modified=later))
    with pytest.raises(WrongState, match="may no longer go"):
        referring.take(made, case.ana)


def test_what_was_sent_can_be_made_again_whatever_came_after(case: Case) -> None:
    made = approved(case)
    body = referring.take(made, case.ana)
    referring.mark_sent(made, case.ana, "The clerk, by hand")
    later = "2026-03-02T12:00:00.000Z"
    case.hold(said("threat-actor", "case", name="Alleged operators", revoked=True, modified=later))
    assert referring.take(made, case.ana) == body


def test_to_whom_it_was_handed_over_is_written_down(case: Case) -> None:
    made = approved(case)
    referring.mark_sent(made, case.ben, "The clerk, by hand")
    row = Referral.objects.get(pk=made)
    assert (row.state, row.sent_to, row.sent_by) == ("sent", "The clerk, by hand", case.ben)


def test_what_was_sent_is_not_withdrawn(case: Case) -> None:
    made = approved(case)
    referring.mark_sent(made, case.ana, "The clerk")
    with pytest.raises(WrongState, match="is sent"):
        referring.withdraw(made, case.ana, "Second thoughts")


def test_what_was_withdrawn_is_not_approved(case: Case) -> None:
    made = referred(case)
    referring.withdraw(made, case.ana, "Second thoughts")
    with pytest.raises(WrongState, match="is withdrawn"):
        referring.approve(made, case.ben)


def test_a_permission_is_written_down_once(case: Case) -> None:
    to = case.recipient()
    referring.permit(CAMPAIGN, case.birch, to, "By letter", case.ana)
    with pytest.raises(Exception, match="permitted this already"):
        referring.permit(CAMPAIGN, case.birch, to, "By letter", case.ana)


def test_an_ended_permission_can_be_given_again(case: Case) -> None:
    to = case.recipient()
    referring.permit(CAMPAIGN, case.birch, to, "By letter", case.ana)
    referring.end_permission(to.permissions.get().pk, case.ana)
    referring.permit(CAMPAIGN, case.birch, to, "By another letter", case.ana)
    assert to.permissions.filter(withdrawn_at=None).count() == 1


def test_an_administrator_registers_recipients(case: Case) -> None:
    with pytest.raises(NotForYou, match="role administrator"):
        referring.add_recipient("Court", "authority", "", 1, case.ana)
