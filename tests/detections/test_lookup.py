"""What is known of an identifier, to whom, and what may be done about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.pseudonyms.keyholder import OwnKeyHolder, tokenize
from federation.pseudonyms.normalize import Normalized
from federation.pseudonyms.voprf import token_text
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.detections.identifiers import allowlist
from indicators.detections.lookup import Action, Match, lookup
from indicators.models import AuditEvent, Collection, Member
from indicators.stix import Tlp
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, grant_access, open_collection
from indicators.store.sql import open_cursor
from tests.detections.intake import identifiers
from tests.objects import TLP_AMBER, TLP_GREEN, id_of, indicator, marking, stamp, stix_objects
from tests.store.plans import explained

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
_PAP = "extension-definition--f8d78575-edfd-406e-8e84-6162a8450f5b"


@pytest.fixture
def birch(db: None) -> Member:
    return Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))


@pytest.fixture
def forum(birch: Member) -> Collection:
    return open_collection(title="Forum")


def text_of(kind: str, value: str) -> str:
    [[token]] = tokenize(OwnKeyHolder(), [Normalized(kind, value)], NOW)
    return token_text(token[:5], token[5:])


def token_indicator(
    key: object, *tokens: str, semantics: str = "exact", decay: Any = None, **changes: Any
) -> dict[str, Any]:
    """An indicator over tokens, published just now."""
    listed = ", ".join(f"'{token}'" for token in tokens)
    told = {"extension_type": "property-extension", "match_semantics": semantics}
    facts = {
        "pattern": f"[identifier-token:value IN ({listed})]",
        "extensions": {EXTENSIONS["token-indicator"]: told | ({"decay": decay} if decay else {})},
        "created": stamp(NOW),
        "modified": stamp(NOW),
        "valid_from": stamp(NOW),
        "confidence": 80,
        "object_marking_refs": [TLP_GREEN],
    }
    return indicator(key, **(facts | changes))


def publish(collection: Collection, author: Member, *values: dict[str, Any]) -> None:
    outcomes = admit(collection, author, stix_objects(values))
    assert {outcome.verdict.value for outcome in outcomes} == {"added"}


def ask(
    *pairs: tuple[str, str], reader: Member | None = None, now: datetime = NOW
) -> list[list[Match]]:
    return lookup(identifiers(*pairs), reader or ensure_own_member(), now, actor="finder")


def test_a_published_token_matches_its_identifier(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    assert ask(("device", "dev-1")) == [
        [Match(id_of("indicator", "i"), "device", 80, Tlp.GREEN, Action.REVIEW)]
    ]


def test_answers_come_in_the_order_of_the_question(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    answers = ask(("device", "dev-0"), ("device", "dev-1"), ("ip", "192.0.2.7"))
    assert [len(each) for each in answers] == [0, 1, 0]


def test_a_network_matches_an_address_of_it(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("ipv4-24", "192.0.2.0/24")))
    [[match]] = ask(("ip", "192.0.2.7"))
    assert match.kind == "ipv4-24"


def test_the_surest_match_comes_first(forum: Collection, birch: Member) -> None:
    token = text_of("device", "dev-1")
    low, high = token_indicator("a", token, confidence=20), token_indicator("b", token)
    publish(forum, birch, low, high)
    [found] = ask(("device", "dev-1"))
    assert [match.score for match in found] == [80, 20]


def test_a_revoked_indicator_matches_nothing(forum: Collection, birch: Member) -> None:
    token = text_of("device", "dev-1")
    publish(forum, birch, token_indicator("i", token))
    later = stamp(NOW + timedelta(seconds=1))
    publish(forum, birch, token_indicator("i", token, revoked=True, modified=later))
    assert ask(("device", "dev-1")) == [[]]


def test_an_indicator_whose_time_is_over_matches_nothing(forum: Collection, birch: Member) -> None:
    until = stamp(NOW + timedelta(days=1))
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1"), valid_until=until))
    assert ask(("device", "dev-1"), now=NOW + timedelta(days=2)) == [[]]


def test_a_score_decays_as_its_indicator_says(forum: Collection, birch: Member) -> None:
    decay = {"model": "polynomial", "lifetime_days": 80}
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1"), decay=decay))
    [[match]] = ask(("device", "dev-1"), now=NOW + timedelta(days=20))
    assert match.score == 60


def test_what_the_reader_may_not_read_does_not_match(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    assert ask(("device", "dev-1"), reader=birch) == [[]]


def test_what_the_reader_was_granted_matches(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    grant_access(forum, birch, can_read=True, can_write=False)
    assert len(ask(("device", "dev-1"), reader=birch)[0]) == 1


def test_a_grant_to_write_alone_shows_nothing(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    grant_access(forum, birch, can_read=False, can_write=True)
    assert ask(("device", "dev-1"), reader=birch) == [[]]


def test_a_token_that_only_others_may_see_does_not_match(forum: Collection, birch: Member) -> None:
    annex = open_collection(title="Annex")
    old, new = text_of("device", "dev-1"), text_of("device", "dev-2")
    publish(forum, birch, token_indicator("i", old))
    later = stamp(NOW + timedelta(seconds=1))
    publish(annex, birch, token_indicator("i", old, new, modified=later))
    grant_access(forum, birch, can_read=True, can_write=False)
    found = ask(("device", "dev-1"), ("device", "dev-2"), reader=birch)
    assert [len(each) for each in found] == [1, 0]


def pap(key: str, level: str) -> dict[str, Any]:
    told = {"extension_type": "property-extension", "pap": level}
    made = marking(key, extensions={_PAP: told})
    del made["definition_type"], made["definition"]
    return made


@pytest.mark.parametrize(
    ("level", "semantics", "action"),
    [
        ("green", "exact", Action.LIMIT),
        ("clear", "exact", Action.LIMIT),
        ("amber", "exact", Action.REVIEW),
        ("red", "exact", Action.REVIEW),
        ("green", "candidate", Action.REVIEW),
    ],
)
def test_a_marking_says_what_a_match_permits(
    forum: Collection, birch: Member, level: str, semantics: str, action: Action
) -> None:
    marked = [TLP_GREEN, id_of("marking-definition", "pap")]
    token = text_of("device", "dev-1")
    made = token_indicator("i", token, semantics=semantics, object_marking_refs=marked)
    publish(forum, birch, pap("pap", level), made)
    [[match]] = ask(("device", "dev-1"))
    assert match.action == action


def test_the_stricter_of_two_markings_holds(forum: Collection, birch: Member) -> None:
    marked = [id_of("marking-definition", level) for level in ("green", "red")]
    made = token_indicator("i", text_of("device", "dev-1"), object_marking_refs=marked)
    publish(forum, birch, pap("green", "green"), pap("red", "red"), made)
    [[match]] = ask(("device", "dev-1"))
    assert match.action == Action.REVIEW


def test_a_match_names_the_strictest_tlp(forum: Collection, birch: Member) -> None:
    made = token_indicator(
        "i", text_of("device", "dev-1"), object_marking_refs=[TLP_GREEN, TLP_AMBER]
    )
    publish(forum, birch, made)
    [[match]] = ask(("device", "dev-1"))
    assert match.tlp == Tlp.AMBER


def test_what_is_on_an_allow_list_never_matches(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    allowlist.add("device", "dev-1", reason="A vendor", actor="ana")
    assert ask(("device", "dev-1")) == [[]]


def test_an_unusable_identifier_matches_nothing_and_fails_nothing(
    forum: Collection, birch: Member
) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    assert [len(each) for each in ask(("email", "nobody"), ("device", "dev-1"))] == [0, 1]


def test_a_lookup_is_audited_by_count_alone(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-secret")))
    ask(("device", "dev-secret"), ("device", "dev-0"))
    event = AuditEvent.objects.get(act="lookup")
    assert (event.actor, event.detail) == ("finder", {"count": 2, "matched": 1})


_MANY = """
INSERT INTO indicators_indexedtoken (token, stix_id)
SELECT substr(sha256(n::text::bytea), 1, 21), 'indicator--' || md5(n::text)::uuid
FROM generate_series(1, 30000) n
"""


def test_tokens_are_looked_up_by_index(forum: Collection, birch: Member) -> None:
    publish(forum, birch, token_indicator("i", text_of("device", "dev-1")))
    with open_cursor() as cursor:
        cursor.execute(_MANY)
        cursor.execute("ANALYZE indicators_indexedtoken")
    with explained() as plans:
        ask(("device", "dev-1"), ("device", "dev-none"))
    assert "indicators_indexedtoken_pkey" in plans.indexes
    assert not any(table.startswith("indicators_indexedtoken") for table in plans.scanned)
