"""``/problems``: the page that the ``type`` of every problem document leads to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict

from crmdapp.web.codes import catalogue
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Model
from crmdapp.web.pages import page
from crmdapp.web.problems import wants_page

router = APIRouter(tags=["operations"])

_CACHED = {"Cache-Control": "public, max-age=3600", "Vary": "Accept"}
"""What a release says about its problems never changes while it runs."""


class ProblemField(Model):
    """A figure that a problem bears.

    Attributes:
        name: Its name in the document's ``fields``.
        type: Solidity type; empty for what is no contract's problem.
        meaning: What it is; empty if its name says it.
    """

    name: str
    type: str
    meaning: str


class ProblemMeaning(Model):
    """One kind of problem.

    Attributes:
        title: What it is, in one line.
        status: HTTP status of the answer.
        explanation: What happened; names in braces stand for the problem's fields.
        advice: What can be done.
        signature: The contract's error; empty if no contract raises it.
        fields: Figures that come with it.
    """

    title: str
    status: int
    explanation: str
    advice: str
    signature: str
    fields: list[ProblemField]


class ProblemKind(Model):
    """What a problem's code means.

    Attributes:
        type: The ``type`` of its documents.
        code: Its name, the same in Python, on the command line and in the contract.
        meanings: What it may mean: one, or more where two kinds of problem share a name.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/RateLimited",
                    "code": "RateLimited",
                    "meanings": [
                        {
                            "title": "Too many requests in a short time",
                            "status": 429,
                            "explanation": "Too many requests in a short time.",
                            "advice": "Wait before the next one.",
                            "signature": "",
                            "fields": [
                                {
                                    "name": "retry_after",
                                    "type": "",
                                    "meaning": "Seconds until the next one is taken.",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    type: str
    code: str
    meanings: list[ProblemMeaning]


class ProblemCodes(Model):
    """Every code that a problem may have.

    Attributes:
        codes: In alphabetical order; ``/problems/{code}`` tells what each means.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"codes": ["RateLimited"]}]})

    codes: list[str]


@router.get("/problems", response_model=ProblemCodes)
def problem_codes(request: Request) -> Response:
    """List the codes of all problems: as a page for browsers, as JSON for programs."""
    codes = list(catalogue())
    if wants_page(request):
        return _varied(page(request, "problem_codes.html", codes=codes))
    return JSONResponse({"codes": codes}, headers=_CACHED)


@router.get("/problems/{code}", response_model=ProblemKind)
def problem_kind(request: Request, code: Annotated[str, Path(max_length=100)]) -> Response:
    """Tell what a problem's code means and what to do: a page for browsers, JSON for programs."""
    meanings = catalogue().get(code)
    if meanings is None:
        raise NotFound("No problem has this code.", hint="/problems lists all of them.")
    if wants_page(request):
        return _varied(page(request, "problem_code.html", code=code, meanings=meanings))
    found = [asdict(meaning) for meaning in meanings]
    body = {"type": f"/problems/{code}", "code": code, "meanings": found}
    return JSONResponse(body, headers=_CACHED)


def _varied(response: Response) -> Response:
    response.headers["Vary"] = "Accept"
    return response
