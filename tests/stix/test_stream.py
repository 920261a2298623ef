"""Reading in parts says what reading as a whole says, to the letter."""

import json
from io import BytesIO

import pytest

from indicators.stix import Parsed, UnreadableInput, parse_objects, stream
from tests.journeys.feed import indicators

MOST = 1 << 20
GOOD, OTHER = (json.dumps(each).encode() for each in indicators(2))
SOURCES = [
    b'{"objects":[%s,%s]}' % (GOOD, OTHER),
    b' { "type" : "bundle", "objects" : [ %s , %s ] , "id" : "x" } ' % (GOOD, OTHER),
    b'{"objects":[%s,{"type":"indicator"},%s]}' % (GOOD, OTHER),
    b'{"objects":[%s,1,"]",null,[{}],%s]}' % (GOOD, OTHER),
    b'{"objects":[%s %s]}' % (GOOD, OTHER),
    b'{"objects":[%s,,%s]}' % (GOOD, OTHER),
    b'{"objects":[%s,%s,]}' % (GOOD, OTHER),
    b'{"objects":[%s,%s]' % (GOOD, OTHER),
    b'{"objects":[%s,%s]}}' % (GOOD, OTHER),
    b'{"objects":[%s],"objects":[%s]}' % (GOOD, OTHER),
    b'{"x":{"objects":[1]},"objects":[%s,%s]}' % (GOOD, OTHER),
    b'{"more":true,"objects":[{"type":"x","name":"]}\\"[{","a":1,"a":2},%s]}' % OTHER,
    b'{"objects":[%s,{"type":"x","name":"\\ud800"}]}' % GOOD,
    b"[%s,%s]" % (GOOD, OTHER),
    GOOD + OTHER,
]


def outcome(read: object, source: bytes) -> Parsed | str:
    try:
        return read(source, max_bytes=MOST)  # type: ignore[operator]
    except UnreadableInput as error:
        return f"{error.pointer} {error}"


@pytest.mark.parametrize("source", SOURCES)
def test_parts_say_what_the_whole_says(source: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_PART", 1)
    assert outcome(stream.parse_in_parts, source) == outcome(parse_objects, source)


def test_a_bundle_is_cut_into_envelopes_that_keep_their_place() -> None:
    cut = list(stream.envelopes(BytesIO(SOURCES[0]), objects=1))
    assert [each.first for each in cut] == [0, 1]
    assert [json.loads(each.source)["objects"] for each in cut] == [
        [json.loads(GOOD)],
        [json.loads(OTHER)],
    ]


@pytest.mark.parametrize("source", SOURCES[4:5] + SOURCES[7:8] + SOURCES[13:])
def test_what_is_no_bundle_is_refused_and_nothing_vanishes(source: bytes) -> None:
    with pytest.raises(UnreadableInput):
        list(stream.envelopes(BytesIO(source)))
