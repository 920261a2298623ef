"""Where mail goes, from one address."""

import pytest

from indicators.config.env import MailServer, Misconfigured, mail_server


def test_no_address_is_no_mail() -> None:
    assert not mail_server("EMAIL_URL", None).host


def test_a_submission_server_is_spoken_to_with_starttls() -> None:
    assert mail_server("EMAIL_URL", "smtp://ana:p%40ss@mail.example") == MailServer(
        "mail.example", 587, "ana", "p@ss", starttls=True
    )


def test_smtps_is_tls_from_the_first_byte() -> None:
    server = mail_server("EMAIL_URL", "smtps://mail.example")
    assert (server.port, server.tls, server.starttls) == (465, True, False)


def test_a_server_without_tls_has_to_be_named_so() -> None:
    assert not mail_server("EMAIL_URL", "smtp://127.0.0.1:25?tls=off").starttls


@pytest.mark.parametrize(
    "value", ["mail.example", "http://mail.example", "smtp://", "smtp://a:b", "smtp://a?ttls=on"]
)
def test_an_address_that_is_none_stops_the_boot(value: str) -> None:
    with pytest.raises(Misconfigured, match="EMAIL_URL"):
        mail_server("EMAIL_URL", value)
