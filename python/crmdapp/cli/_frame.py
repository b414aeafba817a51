"""What every command shares: options accepted anywhere on the line, help with examples, laziness.

A command is a plain function registered with :func:`command`; a group is made by :func:`group`.
The shared options (``--rpc``, ``--json``, ...) are accepted before and after the name of a
command and never reach the function: they go to the :class:`~crmdapp.cli._context.Session` that
the function finds with :func:`session_of`. Commands that send add ``--yes``, ``--dry-run`` and
``--once`` in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from crmdapp.cli._context import Session
from crmdapp.errors import EXIT_USAGE

if TYPE_CHECKING:
    from typer._click.core import Command as ClickCommand
    from typer._click.core import Context as ClickContext
    from typer._click.formatting import HelpFormatter

FunctionT = TypeVar("FunctionT", bound=Callable[..., None])


def _complete_account(incomplete: str) -> list[str]:
    """Offer the names in the keystore; nothing if it cannot be read."""
    from crmdapp.errors import CrmdappError

    try:
        names = [item.name for item in Session().keystore.list()]
    except (CrmdappError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def _shared(
    rpc: Annotated[
        list[str] | None,
        typer.Option("--rpc", metavar="URL", help="Node to use; repeat for fail-over."),
    ] = None,
    chain_id: Annotated[
        int | None, typer.Option("--chain-id", metavar="ID", help="Chain the node must serve.")
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Key file to act with: its name or address.",
            autocompletion=_complete_account,
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option("--password-file", metavar="FILE", help="File whose first line opens it."),
    ] = None,
    deployments: Annotated[
        str | None,
        typer.Option("--deployments", metavar="DIR", help="Folder of <chain id>.json manifests."),
    ] = None,
    state_dir: Annotated[
        str | None,
        typer.Option("--state-dir", metavar="DIR", help="Folder of keys, journal, local chain."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say only what is needed.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say more; tracebacks too.")
    ] = False,
) -> None:
    """Carry the declarations of the options that every command takes."""


def _sending(
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Send without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Simulate and show; send nothing.")
    ] = False,
    once: Annotated[
        str | None,
        typer.Option(
            "--once",
            metavar="NAME",
            help="Send at most once under this name, however often the command is run.",
        ),
    ] = None,
) -> None:
    """Carry the declarations of the options of commands that send one transaction."""


def _asking(
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Send without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show; send nothing.")
    ] = False,
) -> None:
    """Carry the declarations of the options of commands that send several transactions."""


@cache
def _params_of(declaration: Callable[..., None]) -> tuple[Any, ...]:
    app = typer.Typer(add_completion=False)
    app.command()(declaration)
    return tuple(typer.main.get_command(app).params)


class _Page:
    """Help laid out as: usage, text, arguments, options, shared options, examples."""

    name: str | None
    epilog: str | None
    params: list[Any]
    shared_names: frozenset[str] = frozenset()

    def share(self, *declarations: Callable[..., None]) -> None:
        """Append the options of ``declarations`` to the command's own."""
        added = [item for part in declarations for item in _params_of(part)]
        self.shared_names = frozenset(item.name for item in added)
        taken = self.shared_names & {item.name for item in self.params}
        assert not taken, f"{self.name}: {taken} are names of shared options"
        self.params = [*self.params, *added]

    def take_shared(self, ctx: ClickContext) -> None:
        """Move the values of the shared options from the context to the session."""
        session = ctx.find_object(Session)
        if session is None:
            session = ctx.obj = Session()
        session.take({name: ctx.params.pop(name) for name in self.shared_names})

    def format_options(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the arguments and options, those that every command takes last."""
        shared = set(map(id, _params_of(_shared)))
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], "Shared": []}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]  # of the mixed-in class
            record = param.get_help_record(ctx)
            if record is not None:
                kind = "Arguments" if param.param_type_name == "argument" else "Options"
                rows["Shared" if id(param) in shared else kind].append(record)
        titles = {"Shared": "Options of every command"}
        for kind, lines in rows.items():
            if lines:
                with formatter.section(titles.get(kind, kind)):
                    formatter.write_dl(lines)

    def format_epilog(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the examples unwrapped, so that they can be copied."""
        del ctx  # typer's signature
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"  {line}\n")


class Command(_Page, TyperCommand):
    """A command with the shared options."""

    sends: tuple[Callable[..., None], ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.share(*self.sends, _shared)

    def invoke(self, ctx: ClickContext) -> Any:
        """Run the function with its own arguments; the shared ones are in the session."""
        self.take_shared(ctx)
        return super().invoke(ctx)


class SendingCommand(Command):
    """A command that sends one transaction."""

    sends = (_sending,)


class AskingCommand(Command):
    """A command that sends several transactions, or does something else worth a question."""

    sends = (_asking,)


class Group(_Page, TyperGroup):
    """A group of commands with the shared options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.share(_shared)

    def parse_args(self, ctx: ClickContext, args: list[str]) -> list[str]:
        """Show the help if no command is named."""
        if not args and not ctx.resilient_parsing:
            print(ctx.get_help())
            ctx.exit(EXIT_USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: ClickContext) -> Any:
        """Run the command named next."""
        self.take_shared(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


class LazyGroup(Group):
    """The root: imports the module of a command only when the command is called.

    Attributes:
        parts: Name -> (module that holds ``app``, one line of help).
    """

    parts: Mapping[str, tuple[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = dict.fromkeys(self.parts)  # type: ignore[assignment]  # names for "did you mean"

    def list_commands(self, ctx: ClickContext) -> list[str]:
        """Return the names of all parts."""
        del ctx  # typer's signature
        return list(self.parts)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:
        """Return the part of that name, importing its module."""
        del ctx  # typer's signature
        if cmd_name not in self.parts:
            return None
        module, text = self.parts[cmd_name]
        found = typer.main.get_command(import_module(module).app)
        found.name = cmd_name
        found.short_help = text
        return found

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write name and text of each part without importing it."""
        del ctx  # typer's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.parts.items()])


def group(
    *,
    help: str,  # noqa: A002 - typer's own word
    examples: Sequence[str],
    cls: type[Group] = Group,
    name: str | None = None,
    completion: bool = False,
) -> typer.Typer:
    """Return an empty group of commands.

    Args:
        help: One line: what the commands are for.
        examples: At least two lines to copy.
        cls: The group's class.
        name: Its name when it is added to another group.
        completion: Whether it gets the options that install shell completion.
    """
    return typer.Typer(
        name=name,
        cls=cls,
        help=help,
        epilog="\n".join(examples),
        no_args_is_help=False,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings=CONTEXT_SETTINGS,
    )


def command(
    app: typer.Typer,
    name: str,
    *,
    examples: Sequence[str],
    cls: type[Command] = Command,
) -> Callable[[FunctionT], FunctionT]:
    """Register the decorated function as a command; its docstring is the help.

    Args:
        app: The group it belongs to.
        name: What the user types.
        examples: At least two lines to copy.
        cls: :class:`SendingCommand` or :class:`AskingCommand` if it sends.
    """

    def register(function: FunctionT) -> FunctionT:
        app.command(name, cls=cls, epilog="\n".join(examples), context_settings=CONTEXT_SETTINGS)(
            function
        )
        return function

    return register


def session_of(ctx: typer.Context) -> Session:
    """Return the session of the running command."""
    session = ctx.find_object(Session)
    assert session is not None  # every command's class puts one there before the function runs
    return session


CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
