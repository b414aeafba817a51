"""Lists of identifiers: normal forms, faults by line, and nothing of them in an error."""

import json

import pytest

from crmdapp.customers.identifier_file import read_identifiers
from crmdapp.customers.identifiers import Identifier
from crmdapp.errors import FileRejected

SECRET = "ann.secret"


def test_read_identifiers_gives_normal_forms_in_order():
    lines = [
        "\ufeffregion, Text, KIND\n",
        "\n",
        "DE,030 901820,phone\n",
        ",Ann@Example.org,email\n",
    ]
    assert read_identifiers(lines, "people.csv") == [
        Identifier("phone", "+4930901820"),
        Identifier("email", "ann@example.org"),
    ]


def test_read_identifiers_needs_no_region_column():
    assert read_identifiers(["kind,text\n", "tax,DE136695976\n"], "people.csv") == [
        Identifier("tax", "de.vat:136695976")
    ]


def test_read_identifiers_takes_an_empty_list():
    assert read_identifiers(["kind,text\n"], "people.csv") == []


def test_read_identifiers_names_every_faulty_line():
    lines = ["kind,text\n", f"email,{SECRET}\n", "email,ann@example.org\n", f"phone,{SECRET}\n"]
    with pytest.raises(FileRejected, match=r"people\.csv has 2 lines") as caught:
        read_identifiers(lines, "people.csv")
    assert [(fault.line, fault.field) for fault in caught.value.faults] == [
        (2, "text"),
        (4, "text"),
    ]
    assert SECRET not in json.dumps(caught.value.to_dict())


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ([], 1, "must name the columns"),
        ([f"{SECRET}\n"], 1, "must name the columns"),
        ([f"kind,text,{SECRET}\n"], 1, "must name the columns"),
        (["kind,kind,text\n"], 1, "must name the columns"),
        (["kind,text\n", f"email,{SECRET},x\n"], 2, "more or fewer columns"),
        (["kind,text\n", f'email,"{SECRET}\n'], 2, "quotes do not match"),
        (["kind,text\n", f"email,{SECRET * 999}\n"], 2, "longer than"),
        (["kind,text\n", f"{SECRET},x\n"], 2, "no kind"),
        (["kind,text,region\n", f"phone,030 901820,{SECRET}\n"], 2, "no kind"),
    ],
    ids=[
        *("nothing", "no-header", "other-column", "a-column-twice", "more-columns", "open-quotes"),
        *("endless", "other-kind", "other-region"),
    ],
)
def test_read_identifiers_refuses_what_is_no_list(lines, line, reason):
    with pytest.raises(FileRejected) as caught:
        read_identifiers(lines, "people.csv")
    (fault,) = caught.value.faults
    assert (fault.line, reason in fault.reason) == (line, True)
    assert SECRET not in json.dumps(caught.value.to_dict())
