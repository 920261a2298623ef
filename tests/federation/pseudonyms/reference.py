"""RFC 9497 over ristretto255 (RFC 9496), written for reading, as an oracle for the package.

Unlike the package it takes its blinds and nonces from the caller, so published vectors can be
reproduced byte for byte. Slow, and not constant-time: for tests only.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P


class Point(NamedTuple):
    """Extended coordinates on edwards25519."""

    x: int
    y: int
    z: int
    t: int


IDENTITY = Point(0, 1, 1, 0)


def is_negative(number: int) -> bool:
    return number % P % 2 == 1


def absolute(number: int) -> int:
    return -number % P if is_negative(number) else number % P


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """RFC 9496 §4.2 SQRT_RATIO_M1."""
    r = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


# RFC 9496 §4.1 fixes the signs of both roots.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578


def add(one: Point, two: Point) -> Point:
    a = (one.y - one.x) * (two.y - two.x) % P
    b = (one.y + one.x) * (two.y + two.x) % P
    c = 2 * one.t * two.t * D % P
    d = 2 * one.z * two.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    for bit in f"{scalar % ORDER:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def decode(encoded: bytes) -> Point:
    """RFC 9496 §4.3.1."""
    s = int.from_bytes(encoded, "little")
    assert s < P
    assert not is_negative(s)
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    was_square, invsqrt = sqrt_ratio(1, v * u2 * u2)
    den_x = invsqrt * u2 % P
    den_y = invsqrt * den_x * v % P
    x, y = absolute(2 * s * den_x), u1 * den_y % P
    t = x * y % P
    assert was_square
    assert not is_negative(t)
    assert y != 0
    return Point(x, y, 1, t)


def encode(point: Point) -> bytes:
    """RFC 9496 §4.3.2."""
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, invsqrt = sqrt_ratio(1, u1 * u2 * u2)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P
    if is_negative(t0 * z_inv):
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if is_negative(x * z_inv):
        y = -y % P
    return absolute(den * (z0 - y)).to_bytes(32, "little")


def _map(encoded: bytes) -> Point:
    """RFC 9496 §4.3.4 MAP."""
    t = int.from_bytes(encoded, "little") % 2**255 % P
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio(u, v)
    c = -1
    if not was_square:
        s, c = -absolute(s * t) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return Point(w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


BASE = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


# --- RFC 9497, mode 1 (VOPRF) --------------------------------------------------------------------

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


def _prefixed(text: bytes) -> bytes:
    return len(text).to_bytes(2) + text


def _expand(message: bytes, tag: bytes) -> bytes:
    """RFC 9380 §5.3.1 expand_message_xmd with SHA-512, 64 bytes."""
    tag += len(tag).to_bytes(1)
    first = hashlib.sha512(bytes(128) + message + (64).to_bytes(2) + b"\0" + tag).digest()
    return hashlib.sha512(first + b"\x01" + tag).digest()


def hash_to_group(message: bytes) -> Point:
    uniform = _expand(message, b"HashToGroup-" + CONTEXT)
    return add(_map(uniform[:32]), _map(uniform[32:]))


def hash_to_scalar(message: bytes, tag: bytes = b"HashToScalar-") -> int:
    return int.from_bytes(_expand(message, tag + CONTEXT), "little") % ORDER


def derive_key(seed: bytes, info: bytes) -> int:
    return hash_to_scalar(seed + _prefixed(info) + b"\0", b"DeriveKeyPair")


def scalar(encoded: bytes) -> int:
    return int.from_bytes(encoded, "little")


def blind(message: bytes, by: int) -> bytes:
    return encode(multiply(by, hash_to_group(message)))


def evaluate(key: int, element: bytes) -> bytes:
    return encode(multiply(key, decode(element)))


def public_key(key: int) -> bytes:
    return encode(multiply(key, BASE))


def finalize(message: bytes, by: int, evaluated: bytes) -> bytes:
    unblinded = encode(multiply(pow(by, -1, ORDER), decode(evaluated)))
    return hashlib.sha512(_prefixed(message) + _prefixed(unblinded) + b"Finalize").digest()


def _weights(key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> list[int]:
    seed = hashlib.sha512(_prefixed(key) + _prefixed(b"Seed-" + CONTEXT)).digest()
    return [
        hash_to_scalar(_prefixed(seed) + i.to_bytes(2) + _prefixed(c) + _prefixed(d) + b"Composite")
        for i, (c, d) in enumerate(zip(blinded, evaluated, strict=True))
    ]


def _combine(weights: Sequence[int], elements: Sequence[bytes]) -> Point:
    total = IDENTITY
    for weight, element in zip(weights, elements, strict=True):
        total = add(total, multiply(weight, decode(element)))
    return total


def _challenge(key: bytes, *points: Point) -> int:
    shown = b"".join(_prefixed(encode(each)) for each in points)
    return hash_to_scalar(_prefixed(key) + shown + b"Challenge")


def prove(key: int, nonce: int, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> bytes:
    """RFC 9497 §2.2.1 GenerateProof."""
    shown = public_key(key)
    m = _combine(_weights(shown, blinded, evaluated), blinded)
    z = multiply(key, m)
    c = _challenge(shown, m, z, multiply(nonce, BASE), multiply(nonce, m))
    s = (nonce - c * key) % ORDER
    return c.to_bytes(32, "little") + s.to_bytes(32, "little")


def verify(key: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> bool:
    """RFC 9497 §2.2.2 VerifyProof."""
    c, s = scalar(proof[:32]), scalar(proof[32:])
    weights = _weights(key, blinded, evaluated)
    m, z = _combine(weights, blinded), _combine(weights, evaluated)
    t2 = add(multiply(s, BASE), multiply(c, decode(key)))
    t3 = add(multiply(s, m), multiply(c, z))
    return c == _challenge(key, m, z, t2, t3)
