"""Identifiers as people paste and upload them; no database."""

import msgspec
import pytest

from indicators.detections.submissions.evidence import (
    MOST_BYTES,
    MOST_IDENTIFIERS,
    Checked,
    Reading,
)


def read(text: str | bytes, step: int = 7) -> Reading:
    content = text.encode() if isinstance(text, str) else text
    reading = Reading()
    reading.read("pasted", (content[at : at + step] for at in range(0, len(content), step)))
    return reading


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("ana@example.org", "email"),
        ("198.51.100.7", "ip"),
        ("2001:db8::7", "ip"),
        ("+44 20 7946 0958", "phone"),
        ("shop.example.org", "domain"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "wallet"),
    ],
)
def test_an_identifier_that_stands_alone_is_known_by_its_form(value: str, kind: str) -> None:
    reading = read(value)
    assert (reading.kinds, reading.faults) == ({kind: 1}, [])


def test_a_line_that_stands_alone_is_an_account_of_its_own() -> None:
    assert read("one@example.org\ntwo@example.org").checked().accounts == 2


def test_lines_of_one_account_are_one_account() -> None:
    reading = read("a1, email, one@example.org\na1, device, d-1\n")
    assert reading.checked().accounts == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_names_its_columns_in_any_order(separator: str) -> None:
    rows = [["Value", "Account", "Kind"], ["one@example.org", "a1", "e-mail"]]
    reading = read("\n".join(separator.join(row) for row in rows))
    assert [each.ref for each in reading.seen_accounts()] == ["a1"]


def test_a_telephone_number_in_national_form_needs_its_country() -> None:
    reading = read("account,kind,value,region\na1,phone,020 7946 0958,\na2,phone,020 7946 0958,gb")
    assert ([each.line for each in reading.faults], reading.kinds) == ([2], {"phone": 1})


def test_a_quoted_cell_may_hold_the_separator() -> None:
    [account] = read('a1, organisation, "Example, Inc."').seen_accounts()
    assert account.identifiers[0].value == "Example, Inc."


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert read("\ufeffone@example.org").kinds == {"email": 1}


def test_bytes_that_are_no_text_are_a_fault_of_their_line() -> None:
    reading = read(b"one@example.org\n\xff\xfe\ntwo@example.org")
    assert ([each.line for each in reading.faults], reading.kinds.total()) == ([2], 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "macintosh"])
def test_lines_end_as_their_system_ends_them(end: str) -> None:
    assert read(end.join(["one@example.org", "two@example.org", ""])).kinds == {"email": 2}


@pytest.mark.parametrize("form", ["utf-16", "utf-16-be"])
def test_a_table_in_utf_16_is_refused_as_what_it_is(form: str) -> None:
    marked = "\ufeff" if form == "utf-16-be" else ""
    reading = read((marked + "account,kind,value\na1,email,one@example.org\n").encode(form))
    assert ["UTF-16" in each.message for each in reading.faults] == [True]
    assert not reading.kinds


def test_an_identifier_with_a_nul_in_it_is_no_other_identifier() -> None:
    reading = read("o\0ne@example.org\ntwo@example.org")
    assert ([each.line for each in reading.faults], reading.kinds) == ([1], {"email": 1})


def test_a_line_of_a_whole_upload_is_one_fault() -> None:
    reading = read("," * MOST_BYTES, step=1 << 18)
    assert [each.line for each in reading.faults] == [1]


def test_a_header_alone_is_an_empty_table() -> None:
    assert read("account,kind,value\n").checked() == Checked()


def test_empty_rows_of_a_table_are_no_faults() -> None:
    assert read("account,kind,value\n,,\n").checked() == Checked()


def test_a_cell_that_was_not_quoted_is_not_cut_at_its_comma() -> None:
    reading = read("account,kind,value\na1,organisation,Example, Inc.\n")
    assert ([each.line for each in reading.faults], reading.kinds.total()) == ([2], 0)


def test_a_table_has_one_separator_which_its_header_tells() -> None:
    [account] = read('account,kind,value\na1,organisation,"A; B; C; D"\n').seen_accounts()
    assert account.identifiers[0].value == "A; B; C; D"


@pytest.mark.parametrize(
    "row", [f"{'a' * 257},email,one@example.org,", f"a1,email,one@example.org,{'W' * 201}"],
    ids=["account", "person"],
)  # fmt: skip
def test_a_name_that_is_too_long_is_not_cut(row: str) -> None:
    reading = read(f"account,kind,value,person_name\n{row}\n")
    assert ([each.line for each in reading.faults], reading.kinds.total()) == ([2], 0)


def test_a_quoted_cell_over_two_lines_is_a_fault_of_both() -> None:
    reading = read('account,kind,value\na1,organisation,"Example\nInc."\n')
    assert ([each.line for each in reading.faults], reading.kinds.total()) == ([2, 3], 0)


def test_a_fault_says_its_line_and_kind_and_never_the_value() -> None:
    reading = read("a1, email, secret-value\nsecret value\na1, shoe, secret-value\nsecret, value\n")
    told = msgspec.json.encode(reading.checked()).decode()
    assert [each.line for each in reading.faults] == [1, 2, 3, 4]
    assert "secret" not in told


def test_a_card_number_is_refused_as_what_it_is() -> None:
    [fault] = read("a1, payment-instrument, 4111 1111 1111 1111").faults
    assert "card number" in fault.message


def test_what_is_said_twice_counts_once() -> None:
    reading = read("one@example.org\none@example.org\na, device, d\na, device, d\n")
    assert (reading.kinds.total(), reading.repeated) == (2, 2)


def test_names_of_people_go_with_their_account() -> None:
    reading = read("account,kind,value,person_name\na1,email,one@example.org,Wei Chen\n")
    [account] = reading.seen_accounts()
    assert account.person_names == ("Wei Chen",)


def test_more_identifiers_than_are_taken_end_the_reading() -> None:
    text = "\n".join(f"a{n}, device, d{n}" for n in range(MOST_IDENTIFIERS + 5))
    reading = read(text, step=1 << 18)
    assert (reading.kinds.total(), reading.fault_count) == (MOST_IDENTIFIERS, 1)


def test_a_broken_row_costs_no_other() -> None:
    reading = read('a1, email, "one@example.org\na2, email, two@example.org\n')
    assert (reading.fault_count, reading.kinds.total()) == (1, 1)
