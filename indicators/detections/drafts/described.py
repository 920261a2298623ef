"""A person's words on a campaign, beside what the detector's facts say. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from indicators.detections.drafts.drafting import Content, Drafted
from indicators.detections.drafts.objects import stamp
from indicators.detections.drafts.preview import Going

_ROLE = "campaign"


def without_description(held: Mapping[str, Content]) -> dict[str, Content]:
    """What is published, without the words: facts are compared with facts."""
    return {
        name: {key: value for key, value in content.items() if key != "description"}
        if content["type"] == "campaign"
        else content
        for name, content in held.items()
    }


def describe(drafted: Drafted, held: Mapping[str, Content], text: str, now: datetime) -> Drafted:
    """The draft with `text` on its campaign; a campaign that changes by its words alone joins."""
    published = next((each for each in held.values() if each["type"] == "campaign"), None)
    objects = [
        (role, {**content, "description": text} if role == _ROLE and text else content)
        for role, content in drafted.objects
    ]
    is_new = text != ("" if published is None else published.get("description", ""))
    if published is None or not is_new or any(role == _ROLE for role, _ in objects):
        return replace(drafted, objects=objects)
    if published.get("revoked"):
        return drafted
    words = {"description": text} if text else {}
    changed = {key: value for key, value in published.items() if key != "description"}
    changed = {**changed, **words, "modified": stamp(now)}
    going = Going(_ROLE, changed["id"], "campaign", "changed")
    preview = type(drafted.preview)(
        (going, *drafted.preview.goes), drafted.preview.tokenized, drafted.preview.withheld
    )
    return Drafted([(_ROLE, changed), *objects], preview)


def unread(contents: Iterable[Content], held: Mapping[str, Content]) -> list[Content]:
    """The contents as they are news to a reviewer: without words that are published already."""
    return [_without_published_words(content, held.get(content["id"])) for content in contents]


def _without_published_words(content: Content, published: Content | None) -> Content:
    if published is None or content.get("description") != published.get("description"):
        return content
    return {key: value for key, value in content.items() if key != "description"}
