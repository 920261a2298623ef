"""What a page says to who reads it: every reader says which status it expects."""

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client


def html(answer: Any, status: int = 200) -> str:
    """The page."""
    assert answer.status_code == status, (answer.status_code, dict(answer.headers))
    content: str = answer.content.decode()
    return content


def words(answer: Any, status: int = 200) -> str:
    """What the page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html(answer, status))).split())


def page(client: Client, path: str) -> str:
    """The page at a path, which opens."""
    return html(client.get(path))


def told(answer: Any) -> str:
    """The messages that come with an answer, in one text."""
    return " ".join(str(each) for each in get_messages(answer.wsgi_request))
