"""``crmdapp api-keys``: a key is shown once, listed by name, and revoked."""

from tests.cli.conftest import ADDRESSES

NEW = ("api-keys", "new", ADDRESSES["shop"], "--scope", "loyalty:read", "--scope", "relay")


def test_new_shows_a_key_whose_hash_alone_is_kept(crmdapp):
    made = crmdapp.json(*NEW, "--sends", "shop", "--label", "till", "--expires", "90d")
    assert made["key"].startswith(f"crm_{made['id']}_")
    assert (made["merchant"], made["account"]) == (ADDRESSES["shop"], "shop")
    assert made["scopes"] == ["loyalty:read", "relay"]
    assert made["standing"].startswith("valid until")
    raw = b"".join(path.read_bytes() for path in crmdapp.state.glob("web.sqlite3*"))
    assert made["id"].encode() in raw
    assert made["key"].encode() not in raw
    assert made["key"].rpartition("_")[2].encode() not in raw


def test_list_shows_keys_without_their_text(crmdapp):
    made = crmdapp.json(*NEW)
    [listed] = crmdapp.json("api-keys", "list")["keys"]
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert made["key"] not in crmdapp("api-keys", "list").out


def test_revoke_ends_a_key_for_ever(crmdapp):
    made = crmdapp.json(*NEW)
    assert crmdapp.json("api-keys", "revoke", made["id"])["standing"] == "revoked"
    assert crmdapp.json("api-keys", "list")["keys"][0]["standing"] == "revoked"


def test_new_refuses_a_scope_that_does_not_exist(crmdapp):
    error = crmdapp.error("api-keys", "new", ADDRESSES["shop"], "--scope", "everything", code=2)
    assert "There is no scope 'everything'" in error["message"]
    assert "loyalty:read" in error["hint"]


def test_new_refuses_a_time_that_has_passed(crmdapp):
    error = crmdapp.error(*NEW, "--expires", "2020-01-01T00:00:00Z", code=2)
    assert error["message"] == "The key would have expired already."


def test_revoke_refuses_a_key_that_does_not_exist(crmdapp):
    error = crmdapp.error("api-keys", "revoke", "000000000000", code=2)
    assert "There is no API key" in error["message"]


def test_new_tells_of_a_damaged_database(crmdapp):
    crmdapp.state.mkdir(parents=True, exist_ok=True)
    (crmdapp.state / "web.sqlite3").write_bytes(b"no database" * 500)
    error = crmdapp.error(*NEW, code=1)
    assert error["code"] == "StoreCorrupt"
