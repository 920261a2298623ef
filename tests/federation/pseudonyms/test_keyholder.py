"""Tokens by this node's own keys: under every valid key, once for each value, in any batch."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings

from federation.errors import UnknownTokenKey
from federation.models import Evaluation, TokenKey
from federation.pseudonyms import epochs
from federation.pseudonyms.keyholder import OwnKeyHolder, configured_key_holder, tokenize
from federation.pseudonyms.normalize import KINDS, Normalized

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IN_OVERLAP = NOW + timedelta(days=91)
ANA = Normalized("email", "ana@alder.example")


def test_a_node_without_a_configured_key_holder_is_its_own() -> None:
    assert isinstance(configured_key_holder(), OwnKeyHolder)


def test_the_first_token_makes_the_first_keys() -> None:
    tokenize(OwnKeyHolder(), [ANA], NOW)
    assert TokenKey.objects.count() == len(KINDS)


def test_a_token_begins_with_the_id_of_its_key() -> None:
    [[token]] = tokenize(OwnKeyHolder(), [ANA], NOW)
    [key] = epochs.valid_keys("email", NOW)
    assert len(token) == 21
    assert token[:5] == key.key_id


def test_equal_values_have_equal_tokens() -> None:
    first, again = tokenize(OwnKeyHolder(), [ANA, ANA], NOW)
    assert first == again == tokenize(OwnKeyHolder(), [ANA], NOW)[0]


def test_a_value_has_another_token_as_another_kind() -> None:
    wanted = [ANA, Normalized("email-canonical", ANA.value)]
    [[email], [canonical]] = tokenize(OwnKeyHolder(), wanted, NOW)
    assert email[5:] != canonical[5:]


def test_a_value_has_another_token_in_another_group(settings: LazySettings) -> None:
    alder = tokenize(OwnKeyHolder(), [ANA], NOW)
    settings.TOKEN_GROUP = "birch"
    assert tokenize(OwnKeyHolder(), [ANA], NOW) != alder


def test_in_the_overlap_there_are_tokens_of_both_keys() -> None:
    [[old]] = tokenize(OwnKeyHolder(), [ANA], NOW)
    epochs.rotate_epochs(IN_OVERLAP)
    [both] = tokenize(OwnKeyHolder(), [ANA], IN_OVERLAP)
    assert len(both) == 2
    assert both[0] == old != both[1]


def test_after_the_overlap_only_the_new_key_is_left() -> None:
    tokenize(OwnKeyHolder(), [ANA], NOW)
    epochs.rotate_epochs(IN_OVERLAP)
    [both] = tokenize(OwnKeyHolder(), [ANA], IN_OVERLAP)
    assert tokenize(OwnKeyHolder(), [ANA], IN_OVERLAP + timedelta(days=14)) == [both[1:]]


def test_no_token_is_made_with_a_destroyed_seed() -> None:
    [key] = epochs.valid_keys("email", NOW)
    OwnKeyHolder().outputs(key, [b"once"])
    epochs.destroy_seeds(key.dropped_at)
    with pytest.raises(UnknownTokenKey, match="ask for the keys again"):
        OwnKeyHolder().outputs(key, [b"again"])


def test_more_values_than_a_batch_holds_keep_their_order() -> None:
    wanted = [Normalized("device", f"device-{i % 1500}") for i in range(2500)]
    tokens = tokenize(OwnKeyHolder(), wanted, NOW)
    assert len({each[0] for each in tokens}) == 1500
    assert tokens[1400] == tokenize(OwnKeyHolder(), wanted[1400:1401], NOW)[0]
    assert tokens[2499] == tokens[999]


def test_nothing_asked_for_is_nothing_made() -> None:
    assert tokenize(OwnKeyHolder(), [], NOW) == []


def test_own_evaluations_are_not_metered(settings: LazySettings) -> None:
    settings.TOKEN_QUOTA_PER_DAY = 1
    tokenize(OwnKeyHolder(), [ANA, Normalized("email", "ben@alder.example")], NOW)
    assert not Evaluation.objects.exists()
