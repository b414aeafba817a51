"""The gallery on the command line: the shop runs it and is its only curator."""

import json

import pytest

from crmdapp.chain._keccak import keccak
from tests.cli.conftest import ADDRESSES
from tests.provenance.pictures import painting


@pytest.fixture
def picture(crmdapp):
    path = crmdapp.folder / "work.png"
    painting(5, (256, 192)).save(path)
    return path


@pytest.fixture
def submitted(crmdapp, picture):
    """The customer's submission of the picture."""

    def submitted_(path=picture, name="submission.json", role="customer", *more):
        crmdapp.act_as(role)
        out = crmdapp.folder / name
        crmdapp.json(
            *("gallery", "submit", path, "--title", "Harbour", "--artist", "A. Painter"),
            *("--year", "2026", "--royalty", "10", "--out", out, *more),
        )
        return out

    return submitted_


@pytest.fixture
def approved(crmdapp, picture):
    """The shop's approval of a submission."""

    def approved_(submission, path=picture, name="approval.json", *more):
        crmdapp.act_as("shop")
        out = crmdapp.folder / name
        crmdapp.json("gallery", "approve", submission, path, *more, "--out", out)
        return out

    return approved_


@pytest.fixture
def work(crmdapp, submitted, approved):
    """The customer's work, registered."""
    submission = submitted()
    approval = approved(submission)
    done = crmdapp.send("gallery", "register", submission, approval)
    crmdapp.act_as("customer")
    return done["id"]


@pytest.fixture
def sold(crmdapp, work):
    """The work, sold to the friend."""
    crmdapp.send("gallery", "list", work, "0.5")
    crmdapp.act_as("friend")
    crmdapp.send("gallery", "buy", work, "0.5")
    return work


@pytest.fixture
def coin(crmdapp, node):
    """Row 1 of the currency table: the test coin, of which all have plenty."""
    path = crmdapp.folder / "deployments" / "31337.json"
    place = json.loads(path.read_text())["contracts"]["TestCoin"]["address"]
    crmdapp.act_as("shop")
    crmdapp.send("gallery", "manage", "add-currency", place, "--exponent", 4)
    for address in ADDRESSES.values():
        data = keccak(b"mint(address,uint256)")[:4] + bytes(12) + bytes.fromhex(address[2:])
        data += (10**12).to_bytes(32, "big")
        node.send_as(ADDRESSES["shop"], to=place, data="0x" + data.hex())
    node.settle()
    crmdapp.act_as("customer")
    return place
