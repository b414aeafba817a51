"""The first half of the provenance chapter: a picture, its copies, its sales, its certificate."""

from __future__ import annotations

from datetime import UTC, datetime

from crmdapp.provenance.errors import ApprovalsMissing, ArtworkNotForSale
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.provenance.review import NearDuplicateFound
from crmdapp.provenance.votes import Ballot
from scripts.demo import gallery_sales, gallery_visitors
from scripts.demo.gallery_hall import Hall, Work, draw, mirrored, touched_up
from scripts.demo.stage import BOND, CURATORS, VOTING, Stage

ASKED = 1_000  # gwei


def play(stage: Stage) -> None:
    """Tell the half about art and check it."""
    hall = Hall(stage)
    work = _tell_approval(hall)
    _tell_mirrored_copy(hall, work)
    _tell_challenge(hall, work)
    gallery_sales.play(hall, work)
    gallery_visitors.play(hall, work)


# --------------------------------------------------------------------------- registration


def _tell_approval(hall: Hall) -> Work:
    stage = hall.stage
    stage.story.scene("A picture is fingerprinted, and three curators look at it")
    path = hall.folder / "harbour.png"
    draw("harbour").save(path)
    submission = hall.submit(path, "Harbour at six", "artist")
    approvals = [hall.approve(curator, path) for curator in CURATORS]
    stage.refused(
        "The gallery registers it with two approvals",
        lambda: hall.register(submission, approvals[:2]),
        ApprovalsMissing,
    )
    id_, receipt = hall.register(submission, approvals)
    found = fingerprint(path)
    stage.story.say(
        f"{found.size:,} bytes, {found.width} by {found.height} pixels, and a hash of how it",
        f"looks: {found.phash:016x}. The artist signed that, each curator recomputed all of it",
        "from the file and signed the same record. The gallery paid",
        f"{receipt.gas_used:,} gas; the others paid nothing.",
    )
    record = hall.reader.record(id_)
    stage.check(
        "The record on chain is the one that was signed",
        (record.artist, record.p_hash) == (hall.artist.address, found.phash),
        f"work {hex(id_)[:10]}..., quorum {hall.board.state().quorum} of {len(CURATORS)}",
    )
    stage.check(
        "Artist and curators needed no ether and sent no transaction",
        hall.untouched("artist", *CURATORS),
        f"{1 + len(CURATORS)} accounts, 0 wei, 0 transactions",
    )
    return Work(id_, path)


def _tell_mirrored_copy(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("Somebody hands in the same picture, mirrored and saved anew")
    path = stage.folder / "my-own-idea.jpg"
    mirrored(draw("harbour")).save(path, "JPEG", quality=70)
    hall.submit(path, "Harbour, inverted", "copyist")
    warnings = []
    for curator in CURATORS:
        try:
            hall.approve(curator, path)
        except NearDuplicateFound as problem:
            warnings.append(problem)
    stage.story.say(*(f"A curator is about to sign: {each} {each.why}" for each in warnings[:1]))
    stage.check(
        "All curators are warned before they sign",
        [each.ids for each in warnings] == [(hex(work.id),)] * len(CURATORS),
        f"{len(warnings)} of {len(CURATORS)}; bits apart: "
        + ", ".join(str(bits) for each in warnings for bits in each.distances),
    )


def _tell_challenge(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("A copy that got through is cited and goes to the curators")
    path = stage.folder / "sunny-harbour.jpg"
    touched_up(draw("harbour")).save(path, "JPEG", quality=80)
    copy = hall.hang(path, "Sunny harbour", "forger", despite={work.id})
    hall.trader("forger").list(copy, ASKED)
    stage.fund("artist", BOND)
    case = hall.juror("artist").challenge(copy, Ground.NEAR_DUPLICATE, earlier_id=work.id)
    bits = (hall.reader.record(copy).p_hash ^ hall.reader.record(work.id).p_hash).bit_count()
    stage.fund("forger", BOND)
    hall.juror("forger").defend(case)
    ballots = [Ballot.draw(case, stage.signer(curator).address, True) for curator in CURATORS]
    for curator, ballot in zip(CURATORS, ballots, strict=True):
        ballot.write(stage.folder / f"{curator}.ballot.json")
        hall.juror(curator).commit_vote(ballot)
    stage.story.say(
        "The curators looked at a brighter, cropped copy in a hurry and let it pass. The artist",
        f"put up a bond and cited the earlier picture; the contract itself counts {bits} of 64",
        "bits between the two. The other side put up a bond too. The curators vote, each without",
        "seeing the others' votes.",
    )
    stage.check(
        "The chain holds the votes, and shows none of them",
        all(hall.board.commitment(case, each.curator) == each.commitment for each in ballots),
        f"{len(ballots)} commitments",
    )
    if stage.clock.is_live:
        stage.story.say(
            "Votes are committed for an hour and shown for an hour: on a live chain nobody waits",
            "for that here. The case stays open, and what follows it is told on simulated time.",
        )
        return
    _pass(hall, VOTING)
    for curator in CURATORS:
        own = Ballot.read(stage.folder / f"{curator}.ballot.json")
        hall.juror(curator).reveal_vote(own)
    _pass(hall, VOTING)
    status = hall.board.conclude(case)
    votes = hall.board.case(case)
    stage.check(
        "The challenge is upheld, and the copy flagged for everyone",
        status is CaseStatus.UPHELD and hall.reader.record(copy).is_revoked,
        f"{votes.ayes} to {votes.noes}",
    )
    friend = hall.trader("friend")
    call = friend.prepare.buy(copy, ASKED, hall.reader.currency(0))
    stage.refused("Somebody buys the flagged copy", lambda: friend.send(call), ArtworkNotForSale)
    credit = hall.board.credit(hall.artist.address)
    shares = BOND // 2 // len(CURATORS) * len(CURATORS)  # half of the bond that was lost
    stage.check(
        "The artist has the bond back, and half of the other's",
        credit == 2 * BOND - shares,
        f"{credit:,} wei",
    )


def _pass(hall: Hall, seconds: int) -> None:
    hall.stage.clock.reach(datetime.fromtimestamp(hall.now + seconds, UTC))
