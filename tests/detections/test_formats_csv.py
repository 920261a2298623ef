"""CSV tables: the rows of a cluster are a finding."""

from collections.abc import Iterator

import pytest

from indicators.detections.finding import Identifier
from indicators.detections.formats import Limits, csv
from tests.detections.reading import CSV, NATIVE, faults, found, pointers, read, read_one

HEADER = "cluster_key,account,kind,value\n"


def table(*rows: str, header: str = HEADER) -> bytes:
    return (header + "".join(row + "\n" for row in rows)).encode()


# --- What rows become ---


def test_the_rows_of_a_cluster_are_one_finding() -> None:
    body = table("k1,a,email,x@mail.example", "k1,b,ip,198.51.100.1", "k2,c,device,dv-1")
    assert [(line.number, found(line).cluster.key) for line in read(CSV, body)] == [
        (2, "k1"),
        (4, "k2"),
    ]


def test_the_rows_of_an_account_are_one_account() -> None:
    body = table("k,a,email,x@mail.example", "k,b,device,dv-1", "k,a,ip,198.51.100.1")
    first, _ = found(read_one(CSV, body)).accounts
    assert first.identifiers == (
        Identifier("email", "x@mail.example"),
        Identifier("ip", "198.51.100.1"),
    )


def test_an_identifier_said_twice_counts_once() -> None:
    body = table("k,a,device,dv-1", "k,a,device,dv-1")
    assert len(found(read_one(CSV, body)).accounts[0].identifiers) == 1


def test_an_account_needs_no_identifier() -> None:
    assert found(read_one(CSV, table("k,a,,"))).accounts[0].ref == "a"


def test_what_is_said_of_the_finding_may_stand_in_any_of_its_rows() -> None:
    header = "cluster_key,account,method,score,capability_targets,tlp,cluster_size,revision\n"
    body = table("k,a,,,,,,", "k,b,manual-analysis,0.5,coding; reasoning,red,40,3", header=header)
    read_in = found(read_one(CSV, body))
    assert read_in.coordination and read_in.coordination.score == 0.5
    assert read_in.capability_targets == ("coding", "reasoning")
    assert read_in.cluster.size and read_in.cluster.size.value == 40
    assert (read_in.revision, read_in.sharing.tlp) == (3, "red")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_separated_as_its_header_is(separator: str) -> None:
    body = table("k,a,device,dv-1").replace(b",", separator.encode())
    assert found(read_one(CSV, body)).accounts[0].ref == "a"


def test_a_spreadsheets_way_of_writing_is_read() -> None:
    body = (
        b"\xef\xbb\xbf" + b'"Cluster key";Account;Kind;Value\r\nk; a ;organisation;"Acme; Ltd"\r\n'
    )
    (account,) = found(read_one(CSV, body)).accounts
    assert (account.ref, account.identifiers[0].value) == ("a", "Acme; Ltd")


def test_a_phone_number_brings_its_region() -> None:
    body = table("k,a,phone,0151 1234567,DE", header="cluster_key,account,kind,value,region\n")
    assert found(read_one(CSV, body)).accounts[0].identifiers[0].region == "DE"


def test_empty_rows_are_left_out() -> None:
    assert len(read(CSV, table("k,a,,", ",,,", "", "k,b,,"))) == 1


def test_a_table_means_the_same_as_a_native_line() -> None:
    line = read_one(CSV, table("k,a,device,dv-1"))
    assert read_one(NATIVE, line.digest_source).digest_source == line.digest_source


# --- Names ---


def test_the_same_table_again_is_the_same_finding() -> None:
    body = table("k,a,device,dv-1")
    assert read(CSV, body) == read(CSV, body)


def test_a_finding_is_named_after_its_cluster_and_never_after_identifiers() -> None:
    one = found(read_one(CSV, table("k,a,device,dv-1")))
    other = found(read_one(CSV, table("k,b,device,dv-2")))
    assert one.uid == other.uid


def test_a_uid_can_be_given() -> None:
    assert found(read_one(CSV, table("k,u-1", header="cluster_key,uid\n"))).uid == "u-1"


def test_a_very_large_cluster_is_several_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "MOST_ACCOUNTS", 2)
    body = table("k,a,,", "k,b,,", "k,a,device,dv-1", "k,c,,", "k,d,,", "k,e,,")
    findings = [found(line) for line in read(CSV, body)]
    assert [len(each.accounts) for each in findings] == [2, 2, 1]
    assert [each.uid.removeprefix(findings[0].uid) for each in findings] == ["", "-2", "-3"]


# --- Faults ---


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        (",a,device,dv-1", "/cluster_key"),
        ("k,a,e-mail,x@mail.example", "/kind"),
        ("k,a,device,", "/value"),
        ("k,a,,dv-1", "/value"),
        ("k,a,device,dv-1,more", ""),
        ("k,a", ""),
        ('k,"a"b,,', ""),
    ],
)
def test_a_bad_row_is_an_error_with_its_number(row: str, pointer: str) -> None:
    lines = read(CSV, table("j,a,,", "j,b,,", row))
    bad = next(line for line in lines if line.number == 4)
    assert pointers(bad) == [pointer]


def test_a_cluster_with_a_bad_row_is_not_taken() -> None:
    lines = read(CSV, table("k,a,device,dv-1", "k,b,nothing,x", "k,c,,", "m,d,,"))
    assert [(line.number, bool(line.finding)) for line in lines] == [
        (3, False),
        (2, False),
        (5, True),
    ]


def test_the_rows_of_a_cluster_must_follow_one_another() -> None:
    lines = read(CSV, table("k,a,,", "m,b,,", "k,c,,"))
    assert [bool(line.finding) for line in lines] == [True, True, False, False]
    assert "sort the table" in lines[2].errors[0].message


def test_two_rows_cannot_contradict_each_other() -> None:
    body = table("k,one", "k,two", header="cluster_key,title\n")
    assert pointers(read(CSV, body)[0]) == ["/title"]


def test_an_account_cannot_be_described_without_a_name() -> None:
    assert pointers(read(CSV, table("k,paid", header="cluster_key,segment\n"))[0]) == ["/account"]


def test_a_score_needs_a_method() -> None:
    assert pointers(read_one(CSV, table("k,0.5", header="cluster_key,score\n"))) == ["/method"]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"account,kind\n", b"cluster_key,x\n", b"\xff\n"])
def test_a_table_without_a_good_header_is_one_error(body: bytes) -> None:
    assert len(faults(read_one(CSV, body))) == 1


def test_a_column_of_prompts_is_refused() -> None:
    ((pointer, message),) = faults(read_one(CSV, b"cluster_key,prompt_text\nk,hello\n"))
    assert pointer == "/prompt_text"
    assert message.startswith("Raw prompts")


def test_a_bad_row_of_no_known_cluster_spoils_those_beside_it() -> None:
    lines = read(CSV, table("j,a,,", "k,a,,") + b"m,\xff,,\n" + table("m,b,,", "n,a,,", header=""))
    assert [(line.number, bool(line.finding)) for line in lines] == [
        (2, True),
        (4, False),
        (3, False),
        (5, False),
        (6, True),
    ]


def test_a_bad_row_among_the_rows_of_a_cluster_is_of_that_cluster() -> None:
    lines = read(CSV, table("k,a,,") + b"k,\xff,,\n" + table("k,b,,", "n,a,,", header=""))
    assert [(line.number, bool(line.finding)) for line in lines] == [
        (3, False),
        (2, False),
        (5, True),
    ]


def test_more_clusters_than_lines_are_one_error() -> None:
    lines = read(CSV, table(*(f"k{number},a,," for number in range(9))), Limits(lines=4))
    assert [bool(line.finding) for line in lines] == [True] * 4 + [False]


def test_more_rows_than_allowed_are_one_error() -> None:
    lines = read(CSV, table(*(f"k{number},a,," for number in range(9))), Limits(rows=5))
    assert [bool(line.finding) for line in lines] == [True] * 3 + [False, False]


def test_a_cell_is_never_collected_without_end() -> None:
    def endless() -> Iterator[bytes]:
        yield b'cluster_key\n"'
        for _ in range(40):
            yield b"x" * 65536 + b"\n"

    assert all(line.errors for line in read(CSV, endless()))
