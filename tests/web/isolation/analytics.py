"""Figures about customers, asked for by a merchant who does not run the program."""

from tests.web.isolation.common import Foreign

_PROGRAMS = "/v1/analytics/programs/{program}"


def prepare(scene):
    scene.analysed = scene.town.open_program("merchant")


def _of_program(*, works=True):
    # Where few customers agreed there is no figure, whoever asks: test_analytics has those that do.
    return Foreign(
        path=lambda scene: {"program": scene.analysed},
        missing=lambda scene: {"program": 987_654},
        works=works,
    )


ROUTES = {
    ("GET", f"{_PROGRAMS}/rfm"): _of_program(),
    ("GET", f"{_PROGRAMS}/cohorts"): _of_program(),
    ("GET", f"{_PROGRAMS}/breakage"): _of_program(works=False),
    ("GET", f"{_PROGRAMS}/drawing"): _of_program(works=False),
    ("POST", "/v1/analytics/uplift"): Foreign(
        json=lambda scene, missing: {
            "program": 987_654 if missing else scene.analysed,
            "offered": [],
            "control": [],
            "since": 0,
            "until": 1,
        },
        works=False,
    ),
}
