"""Addresses of wallets: checked by their checksum, in the one spelling each form has."""

import re

import base58
import bech32

from federation.errors import NotNormalizable
from federation.pseudonyms.keccak import keccak_256

_EVM = re.compile(r"0x[0-9a-fA-F]{40}", re.IGNORECASE | re.ASCII)
_BECH32 = re.compile(r"[!-~]{1,83}1[02-9ac-hj-np-z]{6,}", re.IGNORECASE | re.ASCII)
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,60}", re.ASCII)

_BECH32_CONSTANTS = (1, 0x2BC830A3)
"""What the checksum leaves: Bech32 (BIP 173) and Bech32m (BIP 350)."""

_SEGWIT = ("bc", "tb", "bcrt", "ltc", "tltc")
_CHECKSUM_BYTES = 4
_KEY_BYTES = 32


def normalize_wallet(value: str) -> str:
    """An EVM or Bech32 address in lower case, a Base58 one as it is; else NotNormalizable.

    Of the Base58 forms, those with a checksum (Bitcoin, Tron and their like) must have a right
    one; a 32-byte public key (Solana) carries none and is taken as it is.
    """
    if _EVM.fullmatch(value):
        return _evm(value)
    if _BASE58.fullmatch(value) and _is_base58(value):
        return value
    if _BECH32.fullmatch(value):
        return _bech32(value)
    raise NotNormalizable(
        "A wallet is an EVM (0x…), Bech32 or Base58 address with a right checksum. Copy it whole; "
        "send other forms as kind device."
    )


def _evm(value: str) -> str:
    digits = value[2:]
    lower = digits.lower()
    if digits not in (lower, digits.upper()):
        checksum = keccak_256(lower.encode()).hex()
        shown = "".join(
            digit.upper() if nibble >= "8" else digit
            for digit, nibble in zip(lower, checksum, strict=False)
        )
        if digits != shown:
            raise NotNormalizable(
                "The capitals of an EVM wallet address are its checksum (EIP-55), and they don't "
                "fit. Copy it again, or send it in lower case if it has no checksum."
            )
    return "0x" + lower


def _is_base58(value: str) -> bool:
    decoded = base58.b58decode(value)
    if len(decoded) == _KEY_BYTES:
        return True
    try:
        return len(base58.b58decode_check(value)) > 2 * _CHECKSUM_BYTES
    except ValueError:
        return False


def _bech32(value: str) -> str:
    lower = value.lower()
    prefix, _, encoded = lower.rpartition("1")
    numbers = [bech32.CHARSET.find(each) for each in encoded]
    constant = bech32.bech32_polymod(bech32.bech32_hrp_expand(prefix) + numbers)
    allowed: tuple[int, ...] = _BECH32_CONSTANTS
    if prefix in _SEGWIT:
        # A later witness version under the old checksum could have been lengthened (BIP 350).
        allowed = _BECH32_CONSTANTS[:1] if numbers[0] == 0 else _BECH32_CONSTANTS[1:]
    if constant not in allowed or value not in (lower, value.upper()):
        raise NotNormalizable(
            "The checksum of a Bech32 wallet address does not fit. Copy it again, whole."
        )
    return lower
