"""Others look at the gallery: a stranger with a certificate, and an enthusiast with a disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from crmdapp import Connection, connect
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.certificate import certificate_html, certificate_of, read_certificate
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.mirror import Mirror, verify_mirror
from crmdapp.provenance.mirror_sources import FolderSource
from crmdapp.provenance.registration import registration_of
from crmdapp.provenance.submission import read_submission
from crmdapp.provenance.verification import Verdict, verify_work
from scripts.demo.gallery_hall import Hall, Work, draw
from scripts.demo.stage import CURATORS
from tests.fixtures.flaky_rpc import Answer, FlakyRpc, Request

OTHERS = ("Tide tables", "Night bus", "Salt")


def play(hall: Hall, work: Work) -> None:
    """Tell of the visitors and check what they find."""
    _tell_stranger(hall, work)
    _tell_mirror(hall, work)


def _tell_stranger(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("A stranger checks the certificate")
    page = _certify(hall, work)
    with connect(stage.rpc) as connection:
        verdict = _verify(hall, connection, page, work.path)
    stage.story.table(
        "With a node's address, the certificate and the file",
        ("question", "answer"),
        [(check.name, check.outcome.value) for check in verdict.checks],
        words=2,
    )
    stage.check("The stranger's verdict: verified", verdict.holds, f"{len(verdict.checks)} checks")
    stage.check(
        "It names the artist, all curators and the owner",
        all(
            each in _said(verdict)
            for each in (
                hall.artist.address,
                hall.collector.address,
                *(stage.signer(curator).address for curator in CURATORS),
            )
        ),
        "read from the chain, not from the certificate",
    )
    other = stage.folder / "print.png"
    draw("harbour").resize((180, 120)).save(other)
    with connect(stage.rpc) as connection:
        wrong = _verify(hall, connection, page, other)
    stage.check("Another file is not taken for the work", not wrong.holds, wrong.line)
    with FlakyRpc(stage.rpc) as proxy, connect(proxy.url) as liar:
        proxy.plan(_hiding_sales, method="eth_getLogs", times=-1)
        fooled = _verify(hall, liar, page, work.path)
    stage.story.say(
        "A node that leaves the sales out would make the artist the owner. Its events do not",
        "lead to the head in the contract's storage, which it has to prove: it is found out.",
    )
    stage.check("A node that hides a log is found out", not fooled.holds, fooled.line)


def _certify(hall: Hall, work: Work) -> Path:
    """Write the work's certificate as a page; return its path."""
    history = hall.reader.history(work.id)
    assert history.registered is not None  # it was registered above
    certificate = certificate_of(
        history,
        hall.stage.connection.chain_id,
        hall.reader.contract.address,
        registration_of(hall.reader, history.registered),
        read_submission(work.path.with_suffix(".json")).metadata,
    )
    rows = {row.index: row for row in hall.reader.currencies()}
    page = hall.stage.folder / "certificate.html"
    page.write_text(certificate_html(certificate, rows, picture=work.path), encoding="utf-8")
    return page


def _verify(hall: Hall, connection: Connection, page: Path, file: Path) -> Verdict:
    """Return what somebody finds out who has a node, a certificate and a file."""
    stated = read_certificate(page)
    # On a chain with a long past a search has to begin somewhere.
    since = hall.reader.since_block if hall.stage.clock.is_live else 0
    client = ArtworksClient(connection, stated.contract, since_block=since)
    found = fingerprint(file)
    return verify_work(
        client,
        stated.id,
        client.head(),
        file=found,
        variants=found.variants,
        certificate=stated,
    )


def _tell_mirror(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("An enthusiast keeps a copy of the whole gallery")
    for name in OTHERS:
        path = hall.folder / f"{name.lower().replace(' ', '-')}.png"
        draw(name).save(path)
        hall.hang(path, name, f"painter of {name}")
    for path in stage.folder.glob("sunny-harbour.*"):
        shutil.copy(path, hall.folder)
    folder = stage.folder / "mirror"
    report = Mirror(folder).update(hall.reader, [FolderSource(hall.folder)], hall.reader.head())
    checked = verify_mirror(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    stage.story.say(
        f"{report.fetched} files, {report.events} events, {size:,} bytes in one folder, that",
        "anybody can check without a node, and hand on.",
    )
    works = len(OTHERS) + 2
    stage.check(
        "All files of the copy are the registered ones",
        (report.fetched, checked.kept, checked.is_complete) == (works, works, True),
        f"{checked.kept} of {checked.works}, head 0x{checked.head.hex()[:8]}...",
    )
    swapped = stage.folder / "swapped"
    shutil.copytree(folder / "files", swapped)
    name = read_submission(work.path.with_suffix(".json")).metadata.cid
    (swapped / name).write_bytes((stage.folder / "print.png").read_bytes())
    again = Mirror(stage.folder / "second-mirror").update(
        hall.reader, [FolderSource(swapped)], hall.reader.head()
    )
    stage.check(
        "A swapped file is not taken over",
        [item.id for item in again.rejected] == again.missing == [work.id],
        f"{again.fetched} of {again.works} files; {again.rejected[0].reason}"
        if again.rejected
        else "none was rejected",
    )


def _said(verdict: Verdict) -> str:
    return " ".join(check.detail for check in verdict.checks)


def _hiding_sales(request: Request) -> Answer:
    """A node's logs without the last, which is that of the last sale."""
    answer = json.loads(request.forward().body)
    answer["result"] = answer["result"][:-1]
    return Answer(json.dumps(answer).encode())
