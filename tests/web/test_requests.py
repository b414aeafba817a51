"""Requests that cannot be meant for the server, or cannot be read: a clear problem each."""

import socket

import pytest

HOOK = {"url": "https://shop.example/hooks"}
TRANSFER = "/v1/intents/loyalty.transfer/prepare"


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"] == f"/problems/{found['code']}"
    return answer.status_code, found["code"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"\xff\xfe", b'{"program": NaN', b"[" * 100_000, b'{"a":' * 50_000],
    ids=["cut off", "empty", "no text", "not a number", "deep lists", "deep objects"],
)
def test_malformed_json_is_a_problem(api, body):
    answer = api().post(TRANSFER, content=body, headers={"Content-Type": "application/json"})
    assert problem(answer)[0] in (400, 422)
    assert answer.status_code != 500


def test_a_body_nested_too_deep_is_refused_before_it_is_read(api):
    headers = {"Content-Type": "application/json"}

    def post(*parts):
        return problem(api().post(TRANSFER, content=iter(parts), headers=headers))

    assert post(b"[" * 64 + b"]" * 64) == (422, "RequestInvalid")
    assert post(b"[" * 65 + b"]" * 65) == (400, "RequestMalformed")
    assert post(b'{"a":' * 40, b"[" * 25) == (400, "RequestMalformed")


def test_brackets_in_a_text_are_not_nesting(api):
    headers = {"Content-Type": "application/json"}
    parts = (b'{"holder": "\\', b'"' + b"[" * 100, b'{\\\\", "points": []}')
    assert problem(api().post(TRANSFER, content=iter(parts), headers=headers)) == (
        422,
        "RequestInvalid",
    )


def test_another_content_type_is_refused(api):
    answer = api().post(TRANSFER, content=b"program=1", headers={"Content-Type": "text/plain"})
    assert problem(answer) == (415, "MediaTypeUnsupported")


def test_a_validation_problem_names_the_field_and_repeats_no_value(api):
    answer = api().post(TRANSFER, json={"program": "secret-4711", "holder": "0x12", "points": "1"})
    assert problem(answer) == (422, "RequestInvalid")
    assert {"body.program", "body.holder", "body.to"} <= set(answer.json()["fields"])
    assert "secret-4711" not in answer.text


def test_another_method_is_a_problem(api):
    answer = api().put("/v1/intents")
    assert problem(answer) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_that_says_it_is_too_large_is_refused(api, server):
    body = b'"' + b"a" * server.settings.body_limit + b'"'
    answer = api().post(TRANSFER, content=body, headers={"Content-Type": "application/json"})
    assert problem(answer) == (413, "BodyTooLarge")
    assert answer.json()["fields"] == {"limit": str(server.settings.body_limit)}


def test_a_body_in_chunks_that_grows_too_large_is_refused(api, server):
    def chunks():
        for _ in range(server.settings.body_limit // 50_000 + 2):
            yield b"a" * 50_000

    answer = api().post(TRANSFER, content=chunks(), headers={"Content-Type": "application/json"})
    assert problem(answer) == (413, "BodyTooLarge")


@pytest.mark.parametrize("path", ["/", "/v1/webhooks", "/healthz", "/static/crmdapp.css"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""]
)
def test_another_host_name_is_refused(api, path, host):
    """As a page whose name was made to resolve to this machine asks (DNS rebinding)."""
    assert api("merchant").get(path, headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]"])
def test_the_machines_own_names_are_taken(api, server, host):
    named = host.format(port=server.settings.port)
    assert api().get("/healthz", headers={"Host": named}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(api, headers):
    answer = api("merchant").post(
        "/v1/webhooks", json=HOOK, headers={"Idempotency-Key": "origin", **headers}
    )
    assert problem(answer) == (403, "OriginRefused")


def test_a_wrong_key_is_refused(api):
    client = api()
    for header in (
        "Bearer crm_000000000000_nonsense",
        "Basic eDp5",
        "Bearer",
        "Bearer " + "a" * 999,
    ):
        answer = client.get("/v1/webhooks", headers={"Authorization": header})
        assert problem(answer) == (401, "KeyNeeded")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_is_refused(api):
    answer = api("merchant", scopes=("loyalty:read",)).get("/v1/webhooks")
    assert problem(answer) == (403, "ScopeMissing")
    assert answer.json()["fields"] == {"needed": ["webhooks"]}


def test_a_revoked_key_is_refused_soon(api, server, town, monkeypatch):
    from crmdapp.web.security import callers
    from crmdapp.web.security.api_keys import ApiKeys

    keys = ApiKeys(server.context.state)
    key, text = keys.new(town.address("merchant"), ("webhooks",))
    headers = {"Authorization": f"Bearer {text}"}
    assert api().get("/v1/webhooks", headers=headers).status_code == 200
    keys.revoke(key.id)
    monkeypatch.setattr(callers, "_CACHE_SECONDS", 0.0)
    assert problem(api().get("/v1/webhooks", headers=headers)) == (401, "KeyNeeded")


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "!!!", "%00", "QUFBQUFBQUFBQUFBQUFBQVsxXQ", "a" * 5000]
)
def test_a_cursor_of_ones_own_making_is_refused(api, cursor):
    path = "/v1/webhooks/ep_none/messages"
    answer = api("merchant").get(path, params={"cursor": cursor})
    assert problem(answer)[1] in ("CursorInvalid", "RequestInvalid")


def test_answers_bear_the_security_headers(api):
    for path in ("/", "/v1/nothing", "/static/wallet.js"):
        headers = api().get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert api().get("/").headers["cache-control"] == "no-store"


def test_text_of_the_visitor_is_escaped_in_pages(api):
    answer = api().get("/sign-in", params={"next": '"><script>alert(1)</script>'})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    page = api().get("/<script>alert(1)</script>")
    assert page.status_code == 404
    assert "<script>alert" not in page.text
    assert page.headers["content-type"].startswith("text/html")


def test_static_files_are_only_those_of_the_folder(api, server):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        with socket.create_connection(("127.0.0.1", server.settings.port)) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            line.settimeout(5)
            assert b" 404 " in line.recv(4096).split(b"\r\n", 1)[0]
