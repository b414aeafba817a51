"""Settings: flags over environment over project file over user file.

The project file is ``crmdapp.toml``, searched from the working directory upward. The user file is
``config.toml`` in the platform's configuration directory. Both hold the same flat keys as
:class:`Config`. Keys and passwords are not settings: a file that holds one is refused.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmdapp.errors import UsageError

PROJECT_FILE = "crmdapp.toml"
USER_FILE = "config.toml"
DEFAULT_RPC = "http://127.0.0.1:8545"
ENVIRONMENT_PREFIX = "CRMDAPP_"
PRIVATE_KEY_VARIABLE = "CRMDAPP_PRIVATE_KEY"

_Given = tuple[str, Any, str, Path]
"""Name of a setting, its raw value, where it came from, folder its relative paths start in."""

_SECRETS = frozenset({"private_key", "password", "mnemonic", "seed"})


@dataclass(frozen=True, slots=True)
class Config:
    """Settings in force and where each came from.

    Attributes:
        rpc: Addresses of the nodes, first choice first; they may contain API keys, so show
            them only through :func:`crmdapp.chain.redact_url`.
        chain_id: The chain id the nodes must have; ``None`` accepts the first node's.
        account: Name of the key file to send with; ``None`` if not chosen.
        password_file: File whose first line opens the key file.
        state_dir: Folder of the journal, the local node's state and logs.
        keystore_dir: Folder of the key files.
        deployments: Folder of the ``<chain id>.json`` manifests.
        timeout: Seconds one request to a node may take, 0.1 to 600.
        receipt_timeout: Seconds to wait for a receipt, 1 to 86,400.
        confirmations: Blocks on top of a receipt, itself included, before it counts; 1 to 1,000.
        sources: Name of each setting -> ``"flag"``, ``"default"``, the environment variable or
            the file it came from.
    """

    rpc: tuple[str, ...] = (DEFAULT_RPC,)
    chain_id: int | None = None
    account: str | None = None
    password_file: Path | None = None
    state_dir: Path = Path()
    keystore_dir: Path = Path()
    deployments: Path = Path()
    timeout: float = 10.0
    receipt_timeout: float = 120.0
    confirmations: int = 1
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def journal_path(self) -> Path:
        """File of the journal of sent transactions."""
        return self.state_dir / "journal.sqlite3"

    @property
    def node_dir(self) -> Path:
        """Folder of the local node's state, log and process id."""
        return self.state_dir / "node"

    def manifest_path(self, chain_id: int) -> Path:
        """Return the file that lists what is deployed on the chain of that id."""
        return self.deployments / f"{chain_id}.json"


def load_config(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user_dir: Path | None = None,
) -> Config:
    """Return the settings in force.

    Args:
        flags: Values given by the caller; ``None`` values and empty sequences do not count.
        environ: Environment to read instead of the process's.
        cwd: Folder the search for the project file starts in.
        user_dir: Folder of the user file instead of the platform's.

    Raises:
        UsageError: A file is not TOML, holds an unknown key or a secret, or a value has the wrong
            type or range.
    """
    start = Path.cwd() if cwd is None else cwd
    project = find_project_file(start)
    layers = (
        _flags(flags or {}, start),
        _environment(os.environ if environ is None else environ, start),
        _file(project),
        _file((user_dir or _user_config_dir()) / USER_FILE),
    )
    chosen: dict[str, Any] = {}
    sources = dict.fromkeys(_PARSERS, "default")
    for layer in layers:
        for name, value, source, base in layer:
            if name not in chosen:
                chosen[name] = _PARSERS[name](name, value, source, base)
                sources[name] = source
    state_dir = chosen.setdefault("state_dir", _default_state_dir())
    chosen.setdefault("keystore_dir", state_dir / "keystore")
    chosen.setdefault("deployments", _default_deployments(start, project, state_dir))
    return Config(**chosen, sources=sources)


def find_project_file(start: Path) -> Path | None:
    """Return the nearest ``crmdapp.toml`` in ``start`` or above it, or ``None``."""
    for folder in (start, *start.parents):
        candidate = folder / PROJECT_FILE
        if candidate.is_file():
            return candidate
    return None


def _flags(flags: Mapping[str, Any], start: Path) -> Iterator[_Given]:
    for name, value in flags.items():
        if name not in _PARSERS:
            raise UsageError(f"There is no setting {name!r}.", hint=_known())
        if value is not None and value != () and value != []:
            yield name, value, "flag", start


def _environment(environ: Mapping[str, str], start: Path) -> Iterator[_Given]:
    for name in _PARSERS:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if environ.get(variable):
            yield name, environ[variable], variable, start


def _file(path: Path | None) -> Iterator[_Given]:
    if path is not None:
        for name, value in _read(path).items():
            yield name, value, str(path), path.parent


def _user_config_dir() -> Path:
    from platformdirs import user_config_dir

    return Path(user_config_dir("crmdapp"))


def _default_state_dir() -> Path:
    from platformdirs import user_state_dir

    return Path(user_state_dir("crmdapp"))


def _default_deployments(start: Path, project: Path | None, state_dir: Path) -> Path:
    if project is not None:
        return project.parent / "deployments"
    for folder in (start, *start.parents):
        if (folder / "deployments").is_dir():
            return folder / "deployments"
    return state_dir / "deployments"


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise UsageError(
            f"The settings file {path} cannot be read.",
            why=str(problem.strerror),
            hint="Give yourself read permission on it or move it away.",
        ) from None
    try:
        values = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(
            f"The settings file {path} is not valid TOML.",
            why=str(problem),
            hint="Mend the line named above.",
        ) from None
    for name in values:
        if name in _SECRETS:
            raise UsageError(
                f"The settings file {path} holds {name!r}.",
                why="Secrets are never read from settings files.",
                hint=f"Remove it; use a key file (crmdapp account new) or {PRIVATE_KEY_VARIABLE}.",
            )
        if name not in _PARSERS:
            raise UsageError(
                f"The settings file {path} has an unknown key {name!r}.", hint=_known()
            )
    return values


def _known() -> str:
    return "Known settings: " + ", ".join(sorted(_PARSERS)) + "."


def _bad(name: str, source: str, need: str) -> UsageError:
    return UsageError(f"The setting {name!r} (from {source}) must be {need}.")


def _parse_rpc(name: str, value: Any, source: str, _base: Path) -> tuple[str, ...]:
    items: Sequence[Any]
    items = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise _bad(name, source, "one address or a list of addresses")
    urls = tuple(item for item in items if item)
    if not urls:
        raise _bad(name, source, "at least one address")
    for url in urls:
        if not url.startswith(("http://", "https://")):
            # The value itself stays out of the message: it may hold an API key.
            raise _bad(name, source, "addresses that begin with http:// or https://")
    return urls


def _parse_text(name: str, value: Any, source: str, _base: Path) -> str:
    if not isinstance(value, str) or not value:
        raise _bad(name, source, "a text")
    return value


def _parse_path(name: str, value: Any, source: str, base: Path) -> Path:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise _bad(name, source, "a path")
    return base / Path(value).expanduser()


def _integer(low: int, high: int) -> Callable[[str, Any, str, Path], int]:
    def parse(name: str, value: Any, source: str, _base: Path) -> int:
        try:
            number = int(value, 0) if isinstance(value, str) else value
        except ValueError:
            raise _bad(name, source, f"a whole number from {low:,} to {high:,}") from None
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise _bad(name, source, f"a whole number from {low:,} to {high:,}")
        return number

    return parse


def _seconds(low: float, high: float) -> Callable[[str, Any, str, Path], float]:
    def parse(name: str, value: Any, source: str, _base: Path) -> float:
        try:
            number = float(value) if not isinstance(value, bool) else -1.0
        except (TypeError, ValueError):
            number = -1.0
        if not low <= number <= high:
            raise _bad(name, source, f"a number of seconds from {low:g} to {high:g}")
        return number

    return parse


_PARSERS: dict[str, Callable[[str, Any, str, Path], Any]] = {
    "rpc": _parse_rpc,
    "chain_id": _integer(1, 2**63 - 1),
    "account": _parse_text,
    "password_file": _parse_path,
    "state_dir": _parse_path,
    "keystore_dir": _parse_path,
    "deployments": _parse_path,
    "timeout": _seconds(0.1, 600),
    "receipt_timeout": _seconds(1, 86_400),
    "confirmations": _integer(1, 1_000),
}
