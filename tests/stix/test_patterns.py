"""Our pattern reader against stix2-patterns, the reference implementation in ANTLR."""

import re
import warnings
from time import process_time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stix2patterns.validator import run_validator

from indicators.stix.patterns import MAX_BYTES, MalformedPattern, check_pattern


def refused(pattern: str) -> str | None:
    try:
        check_pattern(pattern)
    except MalformedPattern as fault:
        return str(fault)
    return None


def reference_refuses(pattern: str) -> bool:
    """Its verdict; where it crashes it has none, which counts as no objection."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bool(run_validator(pattern, "2.1"))
        except (AttributeError, UnboundLocalError):
            return False


VALID = [
    "[identifier-token:value IN ('psi1.abcdefgh.0123456789abcdefghij-_')]",
    "[ai-traffic-aggregate:account_count >= 100 AND "
    "ai-traffic-aggregate:prompt_variant_count >= 10000 AND "
    "ai-traffic-aggregate:distinct_capability_count <= 3]",
    "[ai-traffic-aggregate:hours_since_model_release <= 24 AND "
    "ai-traffic-aggregate:model_share_shift_24h >= 0.4]",
    "[url:value = 'https://x.example/']",
    "[file:hashes.'SHA-256' = '" + "a" * 64 + "']",
    "[file:hashes.MD5 = '" + "a" * 32 + "' OR file:size > 5]",
    "[EXISTS file:name]",
    "[NOT EXISTS file:name]",
    "[file:name NOT = 'x']",
    "[file:size NOT IN (1, 2, 3)]",
    "[file:size IN ()]",
    "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[0] LIKE 'a%']",
    "[email-message:to_refs[*].value = 'x@y.example']",
    "[windows-registry-key:key MATCHES '^(a+)+$']",
    "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    "[ipv4-addr:value ISSUPERSET '198.51.100.1/32']",
    "[file:name = 'it\\'s' AND file:name != 'back\\\\slash']",
    "[file:size <> -5 AND file:size < +5.5 AND file:size == .5]",
    "[file:is_x = true AND file:is_y = false]",
    "[file:magic_number_hex = h'ffd8' AND artifact:payload_bin = b'YQ==']",
    "[file:ctime > t'2026-01-01T00:00:00.5Z']",
    "[(file:name = 'a' OR (file:name = 'b')) AND file:size = 1]",
    "([file:name = 'a'] AND [file:name = 'b']) WITHIN 5.5 SECONDS",
    "[file:name = 'a'] REPEATS 5 TIMES WITHIN 60 SECONDS",
    "[file:name = 'a'] FOLLOWEDBY ([file:name = 'b'] OR [file:name = 'c']) WITHIN 5 SECONDS",
    "[file:name = 'a'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
    "[file:name = 'a' /* note */ AND // line\n file:size = 1]",
    "[ file : name='a' ]",
    "[file:name = 'ünïcödé 😀']",
]

INVALID = [
    "",
    "[]",
    "file:name = 'a'",
    "[file:name]",
    "[file:name = ]",
    "[file:name = 'a'",
    "[file:name = 'a']]",
    "[[file:name = 'a']]",
    "[(file:name = 'a']",
    "[(file:name = 'a'])",
    "([file:name = 'a']",
    "[file:name = 'a' and file:size = 1]",
    "[file:name = 'a' OR]",
    "[OR file:name = 'a']",
    '[file:name = "a"]',
    "[file:name = a]",
    "[file:name > true]",
    "[file:name LIKE 5]",
    "[file:size IN (1,)]",
    "[file:size IN 1]",
    "[NOT file:name = 'a']",
    "[file:size = 05]",
    "[file:size = 5.]",
    "[file:magic_number_hex = h'0']",
    "[artifact:payload_bin = b'YQ=']",
    "[file:name = 'a\\b']",
    "[file:hashes.SHA-256 = '" + "a" * 64 + "']",
    "[file:hashes.MD5 = 'x']",
    "[file:name = 'a'] WITHIN -5 SECONDS",
    "[file:name = 'a'] REPEATS 1.5 TIMES",
    "[file:name = 'a'] REPEATS 5 TIMES REPEATS 5 TIMES",
    "[file:name = 'a'] START '2026-01-01T00:00:00Z' STOP '2026-01-02T00:00:00Z'",
    "[file:ctime > t'2026-13-01T00:00:00Z']",
    "[file:name = 'a'] [file:name = 'b']",
    "[file:name[a] = 1]",
    "[file:name[-1] = 1]",
    "[file: = 1]",
    "[file:name = 1 FOLLOWEDBY file:name = 2]",
    "\ufeff[file:name = 'a']",
]

# The reference takes these and we do not, or the other way round, with the reason.
STRICTER = {
    "[a:name = 1]": "a type name has three characters at least (§3.1)",
    "[FILE:name = 1]": "type names are in lower case",
    "[file:NAME = 1]": "property names are in lower case",
    "[file:ctime = t'2026-02-30T00:00:00Z']": "no such day",
    "[file:name = 'a'] START t'2026-01-02T00:00:00Z' STOP t'2026-01-01T00:00:00Z'": "ends first",
    "([file:name = 'a']) WITHIN 5 SECONDS WITHIN 6 SECONDS": "a qualifier once (§9.5)",
}
LAXER = {
    "[file:hashes.MD5 IN ('" + "a" * 32 + "')]": "the reference takes the whole set for one hash",
    "[file:hashes.MD5 LIKE 'a%']": "the reference takes a wildcard for a hash",
    "/* note */ [file:name = 'a']": "the reference wants a bracket first, comments or not",
}


@pytest.mark.parametrize("pattern", VALID)
def test_a_pattern_is_accepted(pattern: str) -> None:
    assert refused(pattern) is None


@pytest.mark.parametrize("pattern", VALID)
def test_the_reference_agrees_that_it_is_a_pattern(pattern: str) -> None:
    assert not reference_refuses(pattern)


@pytest.mark.parametrize("pattern", INVALID)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    assert refused(pattern)


@pytest.mark.parametrize("pattern", STRICTER)
def test_we_refuse_what_the_reference_lets_pass(pattern: str) -> None:
    assert refused(pattern)
    assert not reference_refuses(pattern)


@pytest.mark.parametrize("pattern", LAXER)
def test_we_accept_what_the_reference_mistakes(pattern: str) -> None:
    assert refused(pattern) is None
    assert reference_refuses(pattern)


# --- Generated patterns, sound and damaged ---

paths = st.sampled_from(["file:name", "url:value", "x-y-z:some_prop", "file:abc[0].'d-e'[*].fgh"])
literals = st.sampled_from(
    ["'a'", "'it\\'s'", "5", "-5", "+1.5", "true", "h'0a'", "b'YQ=='", "t'2026-01-01T00:00:00Z'"]
)
ordered = literals.filter(lambda text: text != "true")
comparisons = st.one_of(
    st.builds(
        "{} {} {}".format, paths, st.sampled_from(["=", "!=", "==", "<>", "NOT ="]), literals
    ),
    st.builds("{} {} {}".format, paths, st.sampled_from(["<", ">", "<=", ">="]), ordered),
    st.builds("{} {} 'a%'".format, paths, st.sampled_from(["LIKE", "MATCHES", "NOT LIKE"])),
    st.builds("{} IN ({})".format, paths, st.lists(literals, max_size=3).map(", ".join)),
    st.builds("EXISTS {}".format, paths),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["AND", "OR"]), inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=6,
)
observations = st.recursive(
    st.builds("[{}]".format, conditions),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["AND", "OR", "FOLLOWEDBY"]), inner),
        st.builds("({}) WITHIN 5 SECONDS".format, inner),
        st.builds("({}) REPEATS 2 TIMES".format, inner),
    ),
    max_leaves=4,
)
_MARKS = ["[", "]", "(", ")", ",", ":", ".", "[0]", "="]
_WORDS = ["AND", "OR", "NOT", "IN", "EXISTS", "FOLLOWEDBY", "WITHIN 5 SECONDS", "LIKE", "true", "x"]
pieces = st.sampled_from([*_MARKS, *_WORDS, "'a'", "5", "file:name"])


@settings(max_examples=150, deadline=None)
@given(observations)
def test_every_sound_pattern_is_accepted(pattern: str) -> None:
    assert refused(pattern) is None


@settings(max_examples=150, deadline=None)
@given(observations)
def test_the_reference_accepts_what_we_generate_as_sound(pattern: str) -> None:
    assert not reference_refuses(pattern)


@settings(max_examples=400, deadline=None)
@given(observations, st.integers(0), st.integers(0, 3), pieces)
def test_a_damaged_pattern_is_judged_as_the_reference_judges_it(
    pattern: str, at: int, width: int, piece: str
) -> None:
    place = at % (len(pattern) + 1)
    damaged = f"{pattern[:place]} {piece} {pattern[place + width :]}"
    if reference_refuses(damaged):
        assert refused(damaged)


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=12).map(" ".join))
def test_a_heap_of_tokens_is_judged_as_the_reference_judges_it(pattern: str) -> None:
    if reference_refuses(pattern):
        assert refused(pattern)


near_plain = st.builds(
    "{}:{}{} {} {}".format,
    st.sampled_from(
        ["file", "true", "ab", "x-y", "ipv4-addr", "a--b", "abc-", "a-b", "ai-traffic-aggregate"]
    ),
    st.sampled_from(
        ["name", "true", "falsehood", "hashes", "hashes.MD5", "ab", "a_b", "Name", "in"]
    ),
    st.sampled_from(["", "", ".true", "[0]", ".ab"]),
    st.sampled_from(["=", "!=", "<", ">=", "LIKE", "MATCHES", "IN", "==", ""]),
    st.sampled_from(
        ["'a'", "'it\\'s'", "05", "0.5", "5.", "-1", "true", "'\\'", "1.5.5", "''", "0"]
    ),
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(near_plain, min_size=1, max_size=2), st.sampled_from([" AND ", " OR ", "  OR ", " "])
)
def test_a_plain_looking_pattern_is_judged_as_the_reference_judges_it(
    parts: list[str], join: str
) -> None:
    pattern = f"[{join.join(parts)}]"
    assume("hashes" not in pattern or not re.search("LIKE|MATCHES|IN", pattern))  # see LAXER
    if reference_refuses(pattern):
        assert refused(pattern)


@given(st.text(max_size=80))
def test_arbitrary_text_is_judged_without_a_crash(pattern: str) -> None:
    refused(pattern)


# --- Limits ---


@pytest.mark.parametrize("operator", [" OR ", " AND "])
def test_a_thousand_comparisons_are_an_ordinary_pattern(operator: str) -> None:
    pattern = "[" + operator.join(f"url:value = 'x{number}'" for number in range(1_000)) + "]"
    assert refused(pattern) is None


@pytest.mark.parametrize("operator", [" OR ", " AND ", " FOLLOWEDBY "])
def test_a_thousand_observations_are_an_ordinary_pattern(operator: str) -> None:
    pattern = operator.join(f"[url:value = 'x{number}']" for number in range(1_000))
    assert refused(pattern) is None


def test_five_hundred_tokens_are_an_ordinary_pattern() -> None:
    tokens = ", ".join(f"'psi1.abcdefgh.{number:022d}'" for number in range(500))
    assert refused(f"[identifier-token:value IN ({tokens})]") is None


def test_64_brackets_may_be_open() -> None:
    assert refused("[" + "(" * 63 + "file:size = 1" + ")" * 63 + "]") is None


def test_a_65th_open_bracket_is_refused() -> None:
    assert "64 brackets" in str(refused("[" + "(" * 64 + "file:size = 1" + ")" * 64 + "]"))


def test_64_kib_are_a_pattern() -> None:
    frame = "[file:name = '']"
    assert refused(frame.replace("''", f"'{'x' * (MAX_BYTES - len(frame))}'")) is None


def test_more_bytes_are_refused() -> None:
    assert "65536 bytes" in str(refused(f"[file:name = '{'é' * 33_000}']"))


HOSTILE = {
    "parentheses": "(" * 65_000,
    "parentheses in brackets": "[" + "(" * 65_000,
    "comments": "[file:name = 'x' " + "/*" * 32_000,
    "quotes": "'" * 65_000,
    "backslashes": "[file:name = '" + "\\" * 65_000,
    "a long path": "[file:name" + ".a" * 32_000 + " = 1]",
    "indexes": "[file:name" + "[0]" * 21_000 + " = 1]",
    "binary": "[file:name = b'" + "A" * 65_000,
    "hex": "[file:name = h'" + "a" * 65_000,
    "digits": "[file:size = " + "1" * 65_000 + "]",
    "hyphens": "[a" + "-a" * 32_000 + ":name = 1]",
    "qualifiers": "[file:name = 'x']" + " WITHIN 5 SECONDS" * 3_000,
    "an almost authored set": "[identifier-token:value IN ("
    + ", ".join(["'psi1.abcdefgh.0123456789abcdefghij-_'"] * 1_700)
    + "]",
    "an almost authored measure": "["
    + " AND ".join(["ai-traffic-aggregate:account_count >= 100"] * 1_300)
    + " AND]",
    "spaces": "[" + " " * 65_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_judgement_takes_bounded_time_for(name: str) -> None:
    start = process_time()
    refused(HOSTILE[name])
    assert process_time() - start < 2
