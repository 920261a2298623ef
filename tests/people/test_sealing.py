"""Secrets of second factors at rest."""

import os
from typing import Any

import pytest

from indicators.people import sealing


def test_what_was_sealed_opens() -> None:
    assert sealing.open_sealed(sealing.seal("a secret")) == "a secret"


def test_two_seals_of_one_secret_differ() -> None:
    assert sealing.seal("a secret") != sealing.seal("a secret")


def test_another_nodes_key_opens_nothing(settings: Any) -> None:
    sealed = sealing.seal("a secret")
    settings.KEY_ENCRYPTION_KEY = os.urandom(32)
    with pytest.raises(sealing.NotSealedHere):
        sealing.open_sealed(sealed)


@pytest.mark.parametrize("text", ["", "not base64!", "QUJD"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(sealing.NotSealedHere):
        sealing.open_sealed(text)
