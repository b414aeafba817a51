"""One merchant never sees or changes what is another's: every route of the OpenAPI document.

A route without a case in ``tests/web/isolation/`` fails here, so that none is forgotten.
"""

import re
import secrets
from importlib import import_module
from pathlib import Path

import pytest

from scripts.export_api import document
from tests.web.isolation.common import Creates, Foreign, Own, Public, Scene

METHODS = ("get", "post", "put", "patch", "delete")
FOLDER = Path(__file__).with_name("isolation")
MODULES = [
    import_module(f"tests.web.isolation.{path.stem}")
    for path in sorted(FOLDER.glob("*.py"))
    if path.stem not in ("__init__", "common")
]
CASES = {route: case for module in MODULES for route, case in module.ROUTES.items()}


def general(path):
    """Kinds of intents share one case."""
    return re.sub(r"^/v1/intents/[^/]+/prepare$", "/v1/intents/{kind}/prepare", path)


ROUTES = sorted(
    {
        (method.upper(), general(path))
        for path, item in document()["paths"].items()
        for method in item
        if method in METHODS
    }
)
FOREIGN = [route for route in ROUTES if isinstance(CASES.get(route), Foreign)]
OWN = [route for route in ROUTES if isinstance(CASES.get(route), Own)]
CLOSED = [route for route in ROUTES if not isinstance(CASES.get(route), Public)]


@pytest.fixture(scope="module")
def scene(town, server):
    scene = Scene(town, server)
    for module in MODULES:
        if hasattr(module, "prepare"):
            module.prepare(scene)
    server.settle()
    return scene


def names(routes):
    return [f"{method} {path}" for method, path in routes]


@pytest.mark.parametrize("route", ROUTES, ids=names(ROUTES))
def test_every_route_is_public_or_has_a_case(route):
    assert isinstance(CASES.get(route), Public | Foreign | Own | Creates), (
        f"{route} needs a case in tests/web/isolation/"
    )


def test_no_case_is_of_a_route_that_is_gone():
    assert sorted(set(CASES) - set(ROUTES)) == []


@pytest.mark.parametrize("route", CLOSED, ids=names(CLOSED))
def test_route_needs_a_key(api, route):
    method, path = route
    answer = api().request(method, re.sub(r"{[^}]+}", "1", path), json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "KeyNeeded")


@pytest.mark.parametrize("route", FOREIGN, ids=names(FOREIGN))
def test_foreign_thing_is_answered_like_a_missing_one(api, scene, route):
    case = CASES[route]
    foreign = ask(api("rival"), scene, route, case, missing=False)
    missing = ask(api("rival"), scene, route, case, missing=True)
    assert foreign.status_code == case.status, foreign.text
    assert shape(foreign, scene, case) == shape(missing, scene, case)
    if case.works:
        own = ask(api("merchant"), scene, route, case, missing=False)
        assert own.status_code < 300, own.text


@pytest.mark.parametrize("route", OWN, ids=names(OWN))
def test_list_holds_only_the_callers_own(api, scene, route):
    case = CASES[route]
    own, others = (
        send(api(role), route, case.path(scene), case.params(scene), case.json and case.json(scene))
        for role in ("merchant", "rival")
    )
    assert own.status_code < 300, own.text
    assert others.status_code < 300, others.text
    for text in case.seen(scene):
        assert str(text) in own.text
        assert str(text) not in others.text


def ask(client, scene, route, case, *, missing):
    path = (case.missing if missing else case.path)(scene)
    params = case.params(scene, missing) if case.params else None
    body = case.json(scene, missing) if case.json else None
    return send(client, route, path, params, body)


def send(client, route, path, params, body):
    method, pattern = route
    url = pattern.format_map({name: str(value) for name, value in path.items()})
    headers = {} if method == "GET" else {"Idempotency-Key": secrets.token_hex(8)}
    return client.request(method, url, params=params or None, json=body, headers=headers)


def shape(answer, scene, case):
    """What an answer tells, with the ids that were asked for left out."""
    body = answer.json()
    body.pop("instance", None)
    text = repr(sorted(body.items()))
    for made in (case.path(scene), case.missing(scene)):
        for value in made.values():
            text = text.replace(str(value), "<id>")
    return answer.status_code, text
