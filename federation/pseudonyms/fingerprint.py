"""minhash/1: the fingerprint of a prompt template, for detectors to make; and its bands.

Pure, and part of the protocol: README.md, "Tokens", has the steps and tests/vectors/minhash-1.json
the examples. Two templates have as many of 128 numbers in common as their sets of shingles overlap
(Jaccard); a band of eight is common to both with that share to the eighth power.
"""

import hashlib
import re
import struct
import unicodedata

from federation.errors import NotNormalizable

NUMBERS = 128
BANDS = 16
MINHASH_BYTES = 4 * NUMBERS
SHINGLE_WORDS = 5

_BAND_BYTES = MINHASH_BYTES // BANDS
# A slot is a name in single or double braces; the name itself doesn't matter.
_SLOT = re.compile(r"\{\{[\w .-]{0,64}\}\}|\{[\w .-]{0,64}\}")
_SLOT_WORD = "{}"
# Written without spaces: each of these is a word (kana, CJK ideographs and their extensions).
_WORD_ALONE = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff])")
_AS_NUMBERS = struct.Struct(f">{NUMBERS}I")


def minhash(template: str) -> bytes:
    """The 512 bytes of a slot-masked template: 128 numbers of 32 bits, big-endian.

    Write what varies from prompt to prompt as slots, {name} or {{name}}. Raises NotNormalizable
    for a template without words.
    """
    least: tuple[int, ...] | None = None
    for shingle in _shingles(_words(template)):
        numbers = _AS_NUMBERS.unpack(
            hashlib.shake_128(b"minhash/1\0" + shingle.encode()).digest(MINHASH_BYTES)
        )
        least = numbers if least is None else tuple(map(min, least, numbers))
    if least is None:
        raise NotNormalizable("A prompt template has no words to make a fingerprint of.")
    return _AS_NUMBERS.pack(*least)


def bands(minhash: bytes) -> list[str]:
    """The 16 values of kind prompt-band: eight neighbouring numbers each, and their place."""
    if len(minhash) != MINHASH_BYTES:
        raise NotNormalizable(
            f"A prompt fingerprint has {MINHASH_BYTES} bytes (128 numbers of 32 bits), not "
            f"{len(minhash)}."
        )
    return [
        f"minhash/1:{band:02d}:{minhash[band * _BAND_BYTES : (band + 1) * _BAND_BYTES].hex()}"
        for band in range(BANDS)
    ]


def _words(template: str) -> list[str]:
    """Slots, ideographs, and runs of letters, marks and digits, folded; all else separates."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", template).casefold())
    words: list[str] = []
    for number, part in enumerate(_SLOT.split(folded)):
        if number:
            words.append(_SLOT_WORD)
        words += _WORD_ALONE.sub(r" \1 ", "".join(map(_letter_or_space, part))).split()
    return words


def _letter_or_space(character: str) -> str:
    return character if unicodedata.category(character)[0] in "LMN" else " "


def _shingles(words: list[str]) -> set[str]:
    """Each run of five words; a shorter template is one shingle."""
    last = max(len(words) - SHINGLE_WORDS, 0)
    runs = (words[start : start + SHINGLE_WORDS] for start in range(last + 1))
    return {" ".join(run) for run in runs if run}
