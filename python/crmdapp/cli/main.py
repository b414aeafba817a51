"""The ``crmdapp`` command: its groups, and the one place where problems become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from crmdapp.cli._context import Session
from crmdapp.cli._frame import LazyGroup, group
from crmdapp.errors import (
    EXIT_CANCELLED,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ContractError,
    CrmdappError,
    DiskFull,
    PermissionDenied,
    UsageError,
)


class Root(LazyGroup):
    """All commands; a domain adds one line."""

    parts: Mapping[str, tuple[str, str]] = {
        "up": ("crmdapp.cli.up", "Run everything here: chain, contracts, index, API and pages."),
        "chain": ("crmdapp.cli.chain", "Run a local chain for trying things out."),
        "account": ("crmdapp.cli.account", "Make and list encrypted keys."),
        "deploy": ("crmdapp.cli.deploy", "Deploy the contracts, or check what is deployed."),
        "loyalty": ("crmdapp.cli.loyalty", "Programs, points, signed redemptions."),
        "customers": (
            "crmdapp.cli.customers",
            "Verified profiles, consent, receipted interactions, credentials.",
        ),
        "gallery": (
            "crmdapp.cli.gallery",
            "Works of art: registered by signatures, sold directly, with their history.",
        ),
        "items": (
            "crmdapp.cli.items",
            "Products: origin, custody, transformation, sensors, labels.",
        ),
        "elections": (
            "crmdapp.cli.elections",
            "Secret ballots that anyone can audit, and open polls.",
        ),
        "wallet": ("crmdapp.cli.wallet", "One customer's points of all programs."),
        "index": ("crmdapp.cli.index", "Keep all events in SQL, safe from reorgs; compare."),
        "serve": ("crmdapp.cli.serve", "Serve the HTTP API and the pages."),
        "api-keys": ("crmdapp.cli.api_keys", "Make, list and revoke keys of the HTTP API."),
        "tx": ("crmdapp.cli.tx", "Wait for, speed up or cancel transactions."),
        "doctor": ("crmdapp.cli.doctor", "Find out what is wrong and how to mend it."),
        "config": ("crmdapp.cli.config", "Show the settings in force."),
    }


app = group(
    help="Customer loyalty on any EVM chain: points many merchants share and customers own.",
    examples=("crmdapp chain up", "crmdapp loyalty program create 'Bean There' BEAN"),
    cls=Root,
    completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from crmdapp import __version__

        print(f"crmdapp {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Customer loyalty on any EVM chain: points many merchants share and customers own."""


def main() -> None:
    """Run the command line of this process and end it."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        code = code or EXIT_FAILED
    sys.exit(code)


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code; every problem ends here.

    Args:
        args: The words after ``crmdapp``.
    """
    session = Session()
    session.out.json = "--json" in args  # so that a mistyped command is reported as JSON too
    try:
        command = typer.main.get_command(app)
        code: Any = command.main(
            args=list(args), prog_name="crmdapp", standalone_mode=False, obj=session
        )
    except BaseException as problem:  # noqa: BLE001 - whatever it is, it ends as an exit code
        return _report(session, problem)
    finally:
        session.close()
    if code == EXIT_INTERRUPTED:
        session.out.say("Interrupted. What was sent already is listed by: crmdapp tx list")
    return code if isinstance(code, int) else EXIT_OK


def _report(session: Session, problem: BaseException) -> int:
    """Say what went wrong and return the exit code for it."""
    if isinstance(problem, SystemExit):
        return problem.code if isinstance(problem.code, int) else EXIT_FAILED
    if isinstance(problem, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(problem, BrokenPipeError):
        _silence_stdout()
        return EXIT_FAILED
    if isinstance(problem, typer.Abort):
        return EXIT_CANCELLED
    known = _known(problem)
    if session.out.verbose:
        import traceback

        traceback.print_exception(problem)
    try:
        session.out.error(known)
    except BrokenPipeError:
        _silence_stdout()
    return known.exit_code


def _known(problem: BaseException) -> CrmdappError:
    """Return the problem as one of this package's errors."""
    import errno

    if isinstance(problem, ContractError):
        from crmdapp.wording import put_into_words

        put_into_words(problem)
    if isinstance(problem, CrmdappError):
        return problem
    if isinstance(problem, typer.TyperException):
        return _usage(problem)
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The disk is full.", hint="Free some space and run the same command again.")
    if isinstance(problem, PermissionError):
        return PermissionDenied(
            f"{problem.filename or 'A file'} cannot be used.", why=str(problem.strerror)
        )
    return CrmdappError(
        f"Something unforeseen happened: {type(problem).__name__}.",
        why="This is a mistake in crmdapp, not in what you typed.",
        hint="Run it again with --verbose and report what it prints to the maintainers.",
    )


def _usage(problem: typer.TyperException) -> UsageError:
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "crmdapp"
    message = problem.format_message() or "The command is not complete."
    return UsageError(message, hint=f"See {path} --help")


def _silence_stdout() -> None:
    """Keep the interpreter from complaining about a closed pipe while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
