"""How a route is tried with what is another merchant's; see tests/web/test_isolation.py.

A domain's module has ``ROUTES``, one entry for each of its routes, and ``prepare(scene)``, which
makes what belongs to the merchant and keeps it in ``scene`` (once a session)::

    ROUTES = {
        ("GET", "/v1/loyalty/programs"): Own(lambda scene: [scene.program_name]),
        ("GET", "/v1/loyalty/programs/{program}/liability"): Foreign(
            path=lambda scene: {"program": scene.program},
            missing=lambda scene: {"program": 999_999},
        ),
        ("GET", "/v1/provenance/artworks/{token}"): Public("an artwork is on the chain"),
    }
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Made = Callable[["Scene"], Any]


class Scene:
    """The town, the server, and what the domains' ``prepare`` put in: ``scene.program = 3``."""

    def __init__(self, town, server) -> None:
        self.town = town
        self.server = server
        self.settle = server.settle

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no prepare() has made scene.{name}")


@dataclass(frozen=True)
class Public:
    """Needs no key, or shows everybody the same.

    Attributes:
        reason: Why it is nobody's secret.
    """

    reason: str


@dataclass(frozen=True)
class Foreign:
    """Takes an id of something that belongs to one merchant.

    To the rival it must answer as to an id that nobody has: the same status and the same document.

    Attributes:
        path: Path parameters that name the merchant's thing.
        missing: Path parameters that name nothing; the body may name it instead.
        json: Body, made from the scene and whether the thing is missing.
        params: Query, made in the same way.
        status: What both are answered.
        works: Whether the merchant's own key gets 2xx for the same request.
    """

    path: Made = lambda scene: {}
    missing: Made = lambda scene: {}
    json: Callable[[Scene, bool], Any] | None = None
    params: Callable[[Scene, bool], Any] | None = None
    status: int = 404
    works: bool = True


@dataclass(frozen=True)
class Own:
    """Lists or sums up what belongs to the caller.

    Attributes:
        seen: Texts that the merchant's answer holds and the rival's must not.
        path: Path parameters.
        params: Query.
        json: Body.
    """

    seen: Callable[[Scene], list[str]]
    path: Made = lambda scene: {}
    params: Made = lambda scene: {}
    json: Made | None = None


@dataclass(frozen=True)
class Creates:
    """Makes something new that belongs to the caller, and takes no id of anything that exists.

    Attributes:
        reason: Why no foreign id can be given.
    """

    reason: str


Case = Public | Foreign | Own | Creates
Routes = Mapping[tuple[str, str], Case]
