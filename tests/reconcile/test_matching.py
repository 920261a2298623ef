"""Indicators of others and clusters of this node match by what they share, and by nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from federation.pseudonyms.voprf import token_text
from indicators.detections import feedback
from indicators.detections.drafts import decisions
from indicators.models import (
    Account,
    DetectedToken,
    Detector,
    Draft,
    DueMatch,
    KnownIndicator,
    Match,
    MatchState,
    Person,
    Policy,
    Reconciled,
    Role,
    Verdict,
)
from indicators.reconcile import overlap, reading
from indicators.reconcile.due import match_due
from indicators.reconcile.matching import reconcile_collection
from indicators.store import withdrawal
from tests.contributing.detector import account
from tests.objects import id_of, malware
from tests.reconcile.incoming import (
    NOW,
    Incoming,
    behaviour,
    devices,
    having,
    lead,
    live,
    match,
    member,
    reconcile,
    text_of,
)

pytestmark = pytest.mark.django_db


def test_an_indicator_with_a_cluster_s_token_matches_it(alder: Incoming) -> None:
    cluster = alder.detect(accounts=having("serial-1", "serial-2"))
    inbox = alder.share("Birch", lead("i", *devices("serial-1", "serial-9")))
    [found] = live()
    assert (found.cluster, found.stix_id) == (cluster, id_of("indicator", "i"))
    assert (found.kinds, found.token_count, found.account_count) == ({"device": 1}, 1, 1)
    assert found.state == MatchState.OPEN
    assert KnownIndicator.objects.get().inbox == inbox.pk


def test_a_cluster_with_an_indicator_s_token_matches_it(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("serial-1")))
    cluster = alder.detect(accounts=having("serial-1"))
    [found] = live()
    assert (found.cluster, found.token_count) == (cluster, 1)


def test_what_shares_nothing_does_not_match(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-2")))
    assert live() == []


def test_own_indicators_never_match_own_clusters(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.detect("f-2", accounts=having("serial-1"))
    collection = alder.detector.detector.collection
    assert collection is not None
    reconcile(collection)
    match()
    assert KnownIndicator.objects.filter(is_own=True).count() == 2
    assert live() == []


def test_tokens_are_counted_by_kind_and_accounts_once(alder: Incoming) -> None:
    one = account("one", device="serial-1", email="one@example.org")
    two = account("two", device="serial-1")
    alder.detect(accounts=[one, two])
    tokens = [text_of("device", "serial-1"), text_of("email", "one@example.org")]
    alder.share("Birch", lead("i", *tokens))
    [found] = live()
    assert found.kinds == {"device": 1, "email": 1}
    assert (found.token_count, found.account_count) == (2, 2)


def test_a_candidate_matches_only_from_as_many_tokens_as_it_asks_for(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1", "serial-2"))
    told = {"min_matches": 2}
    few = lead("few", *devices("serial-1", "x"), semantics="candidate", told=told)
    enough = lead("enough", *devices("serial-1", "serial-2"), semantics="candidate", told=told)
    alder.share("Birch", few, enough)
    assert [found.stix_id for found in live()] == [id_of("indicator", "enough")]


def test_a_candidate_counts_the_tokens_of_the_whole_cluster(alder: Incoming) -> None:
    told = {"min_matches": 2}
    both = devices("serial-1", "serial-2")
    alder.share("Birch", lead("i", *both, semantics="candidate", told=told))
    alder.detect(cluster={"key": "c"}, accounts=having("serial-1"))
    assert live() == []
    alder.detect("f-2", cluster={"key": "c"}, accounts=having("serial-2"))
    [found] = live()
    assert found.token_count == 2


def test_two_clusters_with_half_the_tokens_each_are_no_candidate(alder: Incoming) -> None:
    told = {"min_matches": 2}
    alder.detect("f-1", accounts=having("serial-1"))
    alder.detect("f-2", accounts=having("serial-2"))
    both = devices("serial-1", "serial-2")
    alder.share("Birch", lead("i", *both, semantics="candidate", told=told))
    assert live() == []


def another_epoch(token: str) -> tuple[str, bytes]:
    """The same identifier's token under another key: as text, and as stored."""
    stored = b"other" + token.encode()[-16:]
    return token_text(stored[:5], stored[5:]), stored


def seen_under_two_keys(alder: Incoming) -> tuple[str, str]:
    alder.detect(accounts=having("serial-1"))
    [old] = devices("serial-1")
    text, stored = another_epoch(old)
    row = DetectedToken.objects.get()
    DetectedToken.objects.create(
        token=stored, account=row.account, detection=row.detection, kind=row.kind
    )
    return old, text


def test_tokens_of_two_epochs_are_one_identifier(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *seen_under_two_keys(alder)))
    [found] = live()
    assert (found.kinds, found.token_count, found.account_count) == ({"device": 1}, 1, 1)


def test_two_epochs_of_one_token_are_no_candidate(alder: Incoming) -> None:
    old, new = seen_under_two_keys(alder)
    alder.share("Birch", lead("i", old, new, semantics="candidate", told={"min_matches": 2}))
    assert live() == []


def test_a_token_of_too_many_clusters_is_no_lead(alder: Incoming, settings: Any) -> None:
    settings.TOKEN_FANOUT = 2
    for number in range(3):
        alder.detect(f"f-{number}", accounts=having("shared", f"serial-{number}"))
    alder.share("Birch", lead("i", *devices("shared", "serial-1")))
    [found] = live()
    assert found.token_count == 1


def test_a_token_of_too_many_of_one_origin_s_indicators_is_no_lead(
    alder: Incoming, settings: Any
) -> None:
    settings.TOKEN_FANOUT = 2
    alder.detect(accounts=having("shared"))
    [shared] = devices("shared")
    alder.share("Mallory", *(lead(number, shared) for number in range(3)))
    assert live() == []


def test_a_flood_of_one_origin_does_not_hide_another_s_word(alder: Incoming, settings: Any) -> None:
    settings.TOKEN_FANOUT = 2
    [shared] = devices("shared")
    alder.share("Mallory", *(lead(number, shared) for number in range(3)))
    alder.share("Birch", lead("birch", shared))
    alder.detect(accounts=having("shared"))
    assert [found.stix_id for found in live()] == [id_of("indicator", "birch")]


def test_prompts_are_of_the_cluster_and_of_no_account(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    row = DetectedToken.objects.get()
    bare = Account.objects.create(
        detection=row.detection, number=-1, data_key_id=row.account.data_key_id, sealed=b""
    )
    token = bytes(row.token)
    DetectedToken.objects.filter(kind=row.kind).delete()
    DetectedToken.objects.create(token=token, account=bare, detection=row.detection, kind=11)
    alder.share("Birch", lead("i", *devices("serial-1")))
    [found] = live()
    assert (found.kinds, found.account_count) == ({"prompt-band": 1}, 0)


def test_a_revoked_indicator_s_matches_are_retired(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    alder.share("Birch", lead("i", *devices("serial-1"), version=1, revoked=True))
    found = Match.objects.get()
    assert found.retired_at is not None
    assert found.retired_because == overlap.REVOKED


def test_what_a_person_decided_of_a_retired_match_stays(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    Match.objects.update(state=MatchState.CONFIRMED, note="Seen at sign-up")
    alder.share("Birch", lead("i", *devices("serial-1"), version=1, revoked=True))
    found = Match.objects.get()
    assert (found.state, found.note) == (MatchState.CONFIRMED, "Seen at sign-up")


def test_a_version_without_the_shared_token_retires_the_match(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    alder.share("Birch", lead("i", *devices("serial-2"), version=1))
    assert Match.objects.get().retired_because == overlap.TOKENS_GONE


def test_a_version_without_any_token_retires_the_match(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    plain = lead("i", version=1, pattern="[domain-name:value = 'relay.example']")
    alder.share("Birch", plain)
    assert live() == []


def test_a_later_version_with_the_token_revives_the_match(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    alder.share("Birch", lead("i", *devices("serial-2"), version=1))
    alder.share("Birch", lead("i", *devices("serial-1", "serial-2"), version=2))
    [found] = live()
    assert found.retired_because == ""


def test_an_older_version_that_comes_late_changes_nothing(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1"), version=1))
    alder.receive("Birch", lead("i", *devices("serial-2")))
    reconcile(alder.inboxes["Birch"])
    assert len(live()) == 1


def test_an_object_that_two_feeds_bring_is_matched_once(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    before = Match.objects.get().changed_at
    alder.share("Birch", lead("i", *devices("serial-1")), by="Forum")
    assert Match.objects.get().changed_at == before
    assert KnownIndicator.objects.get().inbox == alder.inboxes["Birch"].pk


def test_what_was_reconciled_is_not_read_again(alder: Incoming) -> None:
    inbox = alder.share("Birch", lead("i", *devices("serial-1")))
    assert Reconciled.objects.get().size == 1
    assert not reconcile_collection(inbox.pk)


def test_entries_that_were_withdrawn_are_not_waited_for(alder: Incoming) -> None:
    inbox = alder.receive("Birch", lead("i", *devices("serial-1")))
    withdrawal.erase(id_of("indicator", "i"), "on demand")
    reconcile(inbox)
    assert Reconciled.objects.get().size == 1


def test_a_batch_ends_before_it_grows_too_large(alder: Incoming, monkeypatch: Any) -> None:
    monkeypatch.setattr(reading, "_MOST_BYTES", 1)
    inbox = alder.receive("Birch", *(lead(n, *devices(f"serial-{n}")) for n in range(3)))
    sizes = []
    while reconcile_collection(inbox.pk):
        sizes.append(Reconciled.objects.get().size)
    assert sizes == [1, 2, 3]


def test_objects_that_matter_to_others_are_passed_over(alder: Incoming) -> None:
    inbox = alder.share("Birch", malware("m"), lead("i", *devices("serial-1")))
    assert Reconciled.objects.get(pk=inbox.pk).size == 2
    assert KnownIndicator.objects.count() == 1


def test_a_false_positive_of_ours_matches_nothing(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    feedback.record_feedback(alder.detector.detector, "f-1", Verdict.FALSE_POSITIVE, actor="ana")
    match()
    assert Match.objects.get().retired_because == overlap.TOKENS_GONE


def test_what_a_person_keeps_back_matches_nothing(alder: Incoming) -> None:
    Detector.objects.update(policy=Policy.REVIEW)
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    rae = User.objects.create(username="rae")
    Person.objects.create(user=rae, roles=[Role.REVIEWER])
    decisions.reject(Draft.objects.get().pk, rae, "A customer's own test")
    match()
    assert live() == []


def test_a_finding_that_was_closed_matches_nothing(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("serial-1")))
    alder.detect(accounts=having("serial-1"))
    alder.detect(revision=2, status="closed", accounts=[])
    assert live() == []


def test_a_revision_replaces_what_the_one_before_it_matched(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("serial-1", "serial-2")))
    alder.detect(accounts=having("serial-1", "serial-2"))
    alder.detect(revision=2, accounts=having("serial-2", "serial-3"))
    [found] = live()
    assert (found.token_count, found.account_count) == (1, 1)


def test_what_is_due_is_matched_once(alder: Incoming) -> None:
    alder.detect(accounts=having("serial-1"))
    assert not DueMatch.objects.exists()
    assert not match_due()


def test_an_indicator_that_may_be_asked_otherwise_now_is_matched_otherwise(
    alder: Incoming,
) -> None:
    alder.detect(accounts=having("serial-1"))
    alder.share("Birch", lead("i", *devices("serial-1")))
    pattern = "[ai-traffic-aggregate:account_count >= 1000]"
    alder.share("Birch", behaviour("i", pattern, modified=lead("i", version=1)["modified"]))
    match()
    assert live() == []


def test_echoes_are_told_from_first_words(alder: Incoming) -> None:
    alder.share("Birch", lead("birch", *devices("serial-1")))
    alder.share("Cedar", lead("cedar", *devices("serial-1")))
    echo = KnownIndicator.objects.get(pk=id_of("indicator", "cedar"))
    assert echo.echo_of == str(member("Birch").pk)
    assert KnownIndicator.objects.get(pk=id_of("indicator", "birch")).echo_of == ""


def test_confidence_and_times_are_the_author_s(alder: Incoming) -> None:
    until = NOW + timedelta(days=30)
    alder.share("Birch", lead("i", *devices("x"), valid_until=until.strftime("%Y-%m-%dT%H:%M:%SZ")))
    known = KnownIndicator.objects.get()
    assert (known.confidence, known.valid_until, known.ends_at) == (80, until, until)
