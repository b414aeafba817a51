"""Whatever is sent to any route, the server answers by its own description and never breaks."""

import warnings

from hypothesis import HealthCheck, Phase, settings

from scripts.export_api import document

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the packages that it is made of
    import schemathesis
    from schemathesis import checks

REQUESTS = 320
"""Requests to all routes together, about; the whole file takes at most a minute."""

DOCUMENT = document()
EXAMPLES = max(2, REQUESTS // sum(len(item) for item in DOCUMENT["paths"].values()))

schema = schemathesis.openapi.from_dict(DOCUMENT)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_route_never_breaks(case, server):
    headers = {"Authorization": f"Bearer {server.key('merchant')}", "Origin": server.url}
    response = case.call(base_url=server.url, headers=headers)
    case.validate_response(response, checks=[checks.not_a_server_error])
    if response.status_code >= 400 and not case.path.startswith("/readyz"):
        assert response.headers["content-type"] == ["application/problem+json"]
