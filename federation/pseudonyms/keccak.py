"""Keccak-256 as Ethereum uses it: the padding from before SHA-3, which hashlib doesn't have."""

_LANES = 25
_RATE = 136
_MASK = (1 << 64) - 1
_ROTATIONS = (
    0, 1, 62, 28, 27,
    36, 44, 6, 55, 20,
    3, 10, 43, 25, 39,
    41, 45, 15, 21, 8,
    18, 2, 61, 56, 14,
)  # fmt: skip


def _round_constants() -> tuple[int, ...]:
    """The 24 constants of the iota step (FIPS 202 §3.2.5), from its shift register."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << ((1 << power) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


_CONSTANTS = _round_constants()


def _rotate(lane: int, by: int) -> int:
    return ((lane << by) | (lane >> (64 - by))) & _MASK


def _permute(state: list[int]) -> list[int]:
    """Keccak-f[1600] over 25 lanes, lane (x, y) at x + 5 y (FIPS 202 §3.3)."""
    for constant in _CONSTANTS:
        parity = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]
                  for x in range(5)]  # fmt: skip
        mixed = [parity[(x + 4) % 5] ^ _rotate(parity[(x + 1) % 5], 1) for x in range(5)]
        moved = [0] * _LANES
        for i in range(_LANES):
            x, y = i % 5, i // 5
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = _rotate(state[i] ^ mixed[x], _ROTATIONS[i])
        state = [
            moved[i] ^ (~moved[(i + 1) % 5 + i // 5 * 5] & moved[(i + 2) % 5 + i // 5 * 5])
            for i in range(_LANES)
        ]
        state[0] ^= constant
    return state


def keccak_256(message: bytes) -> bytes:
    """The 32-byte digest of at most 135 bytes: one block, half a millisecond."""
    padded = bytearray(message + b"\x01" + bytes(_RATE - 1 - len(message)))
    padded[-1] |= 0x80
    lanes = [int.from_bytes(padded[at : at + 8], "little") for at in range(0, _RATE, 8)]
    state = _permute(lanes + [0] * (_LANES - len(lanes)))
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])
