"""Tell the story of crmdapp on a real chain, and check every figure of it.

    python -m scripts.demo                     on a chain of its own, with simulated time
    python -m scripts.demo --chapter loyalty   one chapter
    python -m scripts.demo --rpc URL           on a node, in real time with epochs of 60 seconds;
                                               CRMDAPP_PRIVATE_KEY or an account of the node pays

Ends with exit code 0 if all checks hold and 8 if one fails. Leaves nothing running.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import FrameType

from crmdapp.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_VERIFICATION, CrmdappError
from scripts.demo.printing import Story
from scripts.demo.stage import Stage, on_node, on_own_chain

CHAPTERS: Mapping[str, str] = {
    "loyalty": "scripts.demo.loyalty",
    "network": "scripts.demo.network",
    "customers": "scripts.demo.customers",
    "provenance": "scripts.demo.provenance",
    "ballots": "scripts.demo.ballots",
}
"""Name of each chapter and the module whose ``play(stage)`` tells it, in order."""

EPOCH_MIN = 60  # seconds, the shortest that the hub accepts
MEMBERS_MIN = 6  # as many as the story has parts for


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the story; returns the exit code."""
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    story = Story()
    started = time.monotonic()
    try:
        with _stage(story, options) as stage:
            for name in options.chapter or CHAPTERS:
                import_module(CHAPTERS[name]).play(stage)
            code = _conclude(stage)
    except CrmdappError as error:
        lines = (f"{error.code}: {error.message}", error.why, error.hint)
        print("\n".join(line for line in lines if line), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    story.say(f"{time.monotonic() - started:.0f} seconds, nothing left running.")
    return code


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=_summary())
    parser.add_argument(
        "--chapter", action="append", choices=list(CHAPTERS), help="tell this chapter only"
    )
    parser.add_argument("--rpc", metavar="URL", help="play on this node, in real time")
    parser.add_argument(
        "--members",
        type=_at_least(MEMBERS_MIN),
        metavar="N",
        help="only the N loyalty cards that are used most often",
    )
    parser.add_argument(
        "--epoch-length",
        type=_at_least(EPOCH_MIN),
        default=EPOCH_MIN,
        metavar="SECONDS",
        help="with --rpc: half a year of the story, at least 60 (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def _stage(story: Story, options: argparse.Namespace) -> AbstractContextManager[Stage]:
    if options.rpc:
        return on_node(story, options.rpc, options.members, options.epoch_length)
    return on_own_chain(story, options.members)


def _conclude(stage: Stage) -> int:
    """Print all checks; returns the exit code."""
    stage.story.chapter("Checks")
    rows = [
        ("ok" if check.passed else "FAILED", check.name, check.detail) for check in stage.checks
    ]
    stage.story.table(
        "Does the chain hold what it should?", ("", "check", "figures"), rows, words=3
    )
    failed = [check for check in stage.checks if not check.passed]
    if failed or not stage.checks:
        stage.story.say(f"{len(failed)} of {len(stage.checks)} checks FAILED.")
        return EXIT_VERIFICATION
    stage.story.say(f"All {len(stage.checks)} checks hold.")
    return EXIT_OK


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C, so that the chain is stopped on the way out."""
    raise KeyboardInterrupt


def _summary() -> str:
    return (__doc__ or "").splitlines()[0]


def _at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least}")
        return int(text)

    return parse


if __name__ == "__main__":
    sys.exit(main())
