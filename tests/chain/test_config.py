"""Settings: which source wins, and what is refused."""

from pathlib import Path

import pytest

from crmdapp.config import DEFAULT_RPC, load_config
from crmdapp.errors import UsageError


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "shop" / "deep"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def load(tmp_path, project):
    def load(flags=None, environ=None):
        return load_config(flags, environ=environ or {}, cwd=project, user_dir=tmp_path / "user")

    return load


@pytest.fixture
def write(tmp_path):
    def write(*, project=None, user=None):
        if project is not None:
            (tmp_path / "shop" / "crmdapp.toml").write_text(project)
        if user is not None:
            (tmp_path / "user").mkdir()
            (tmp_path / "user" / "config.toml").write_text(user)

    return write


def test_defaults(load):
    config = load()
    assert config.rpc == (DEFAULT_RPC,)
    assert config.chain_id is None
    assert config.confirmations == 1
    assert config.journal_path == config.state_dir / "journal.sqlite3"
    assert config.manifest_path(5) == config.deployments / "5.json"
    assert set(config.sources.values()) == {"default"}


def test_flags_win_over_environment_over_project_over_user(load, write):
    write(
        project='chain_id = 3\naccount = "project"\ntimeout = 3',
        user='chain_id = 4\naccount = "user"\ntimeout = 4\nconfirmations = 4',
    )
    config = load({"chain_id": 1}, {"CRMDAPP_CHAIN_ID": "2", "CRMDAPP_ACCOUNT": "environment"})
    assert (config.chain_id, config.account, config.timeout, config.confirmations) == (
        1,
        "environment",
        3.0,
        4,
    )
    assert config.sources["chain_id"] == "flag"
    assert config.sources["account"] == "CRMDAPP_ACCOUNT"
    assert config.sources["timeout"].endswith("crmdapp.toml")
    assert config.sources["confirmations"].endswith("config.toml")


def test_empty_flags_and_variables_do_not_count(load):
    config = load({"account": None, "rpc": ()}, {"CRMDAPP_ACCOUNT": ""})
    assert (config.account, config.rpc) == (None, (DEFAULT_RPC,))


def test_several_nodes_may_be_given(load, write):
    assert load({"rpc": ["http://a", "https://b"]}).rpc == ("http://a", "https://b")
    assert load(None, {"CRMDAPP_RPC": "http://a, http://b"}).rpc == ("http://a", "http://b")
    write(project='rpc = ["http://c", "http://d"]')
    assert load().rpc == ("http://c", "http://d")


def test_paths_start_in_the_folder_of_their_source(load, write, tmp_path, project):
    write(project='state_dir = "state"')
    config = load({"password_file": "pw"})
    assert config.state_dir == tmp_path / "shop" / "state"
    assert config.keystore_dir == tmp_path / "shop" / "state" / "keystore"
    assert config.deployments == tmp_path / "shop" / "deployments"
    assert config.password_file == project / "pw"


def test_deployments_are_looked_for_upward(load, tmp_path):
    (tmp_path / "shop" / "deployments").mkdir()
    assert load().deployments == tmp_path / "shop" / "deployments"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("chain_id", "0"),
        ("chain_id", "x"),
        ("chain_id", str(2**63)),
        ("timeout", "0"),
        ("timeout", "nan"),
        ("timeout", "soon"),
        ("receipt_timeout", "0.5"),
        ("confirmations", "1.5"),
        ("confirmations", "1001"),
        ("rpc", "ws://x"),
        ("rpc", " , "),
    ],
)
def test_values_out_of_range_are_refused_with_their_source(load, setting, value):
    with pytest.raises(UsageError) as caught:
        load(None, {f"CRMDAPP_{setting.upper()}": value})
    assert f"CRMDAPP_{setting.upper()}" in caught.value.message


def test_a_bad_address_is_not_repeated(load):
    with pytest.raises(UsageError) as caught:
        load(None, {"CRMDAPP_RPC": "node.example/v3/s3cr3t"})
    assert "s3cr3t" not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('chain_id = "', "not valid TOML"),
        ("chain = 1", "unknown key 'chain'"),
        ('private_key = "0x12"', "holds 'private_key'"),
        ('password = "hunter2"', "holds 'password'"),
        ("chain_id = true", "'chain_id'"),
        ("rpc = 5", "'rpc'"),
        ("account = 5", "'account'"),
        ("timeout = true", "'timeout'"),
        ("state_dir = 5", "'state_dir'"),
    ],
)
def test_a_bad_file_is_refused_by_name(load, write, text, words):
    write(project=text)
    with pytest.raises(UsageError) as caught:
        load()
    assert words in caught.value.message
    assert "crmdapp.toml" in caught.value.message
    assert "hunter2" not in str(caught.value.to_dict())


def test_unknown_flags_are_refused(load):
    with pytest.raises(UsageError, match="no setting 'colour'"):
        load({"colour": "red"})


def test_home_is_understood(load):
    assert load({"state_dir": "~/x"}).state_dir == Path.home() / "x"
