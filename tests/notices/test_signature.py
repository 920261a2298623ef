"""Messages are signed as Standard Webhooks says."""

import base64

import pytest

from indicators.notices.signature import new_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_published_example_is_reproduced() -> None:
    signature = sign(SECRET, MESSAGE, 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "other",
    [
        (SECRET, MESSAGE, 1614265331, b"{}"),
        (SECRET, MESSAGE + "x", 1614265330, b"{}"),
        (SECRET, MESSAGE, 1614265330, b"{ }"),
        (new_secret(), MESSAGE, 1614265330, b"{}"),
    ],
)
def test_everything_is_covered(other: tuple[str, str, int, bytes]) -> None:
    assert sign(*other) != sign(SECRET, MESSAGE, 1614265330, b"{}")


def test_a_secret_has_256_bits() -> None:
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


def test_what_is_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        sign("whsec_!", MESSAGE, 0, b"")
