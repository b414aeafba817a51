"""Preparing the environment: quick the second time, and clear when it cannot be done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pip_says(monkeypatch):
    """Replace what pip reports of its configuration, and clear what uv was told."""
    for name in list(os.environ):
        if name.startswith(("UV_", "PIP_", "SSL_CERT", "NODE_EXTRA")):
            monkeypatch.delenv(name)

    def replace(*lines):
        monkeypatch.setattr(bootstrap, "_output", lambda _: "\n".join(lines))

    return replace


def test_second_run_says_nothing_and_needs_no_network(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bootstrap.py"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_only_the_standard_library_is_imported():
    program = (
        "import sys; sys.argv = ['bootstrap']; import scripts.bootstrap;"
        "print([n for n in sys.modules if 'site-packages' in (getattr(sys.modules[n],"
        " '__file__', '') or '')])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_too_old_a_python_names_the_versions_that_work(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    with pytest.raises(bootstrap.BootstrapError, match=r"Python 3\.10; Python 3\.11 to 3\.13"):
        bootstrap._choose_python()


def test_another_python_on_the_path_is_used_when_this_one_does_not_fit(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    found = {"python3.12": sys.executable}
    monkeypatch.setattr(bootstrap.shutil, "which", found.get)
    assert bootstrap._choose_python() == sys.executable


def test_a_python_without_venv_names_the_package_to_install(monkeypatch):
    monkeypatch.setattr(bootstrap, "_runs", lambda _: False)
    with pytest.raises(bootstrap.BootstrapError, match="apt install python3-venv"):
        bootstrap._create_venv(sys.executable, {})


def test_a_failing_command_is_named():
    with pytest.raises(bootstrap.BootstrapError, match=r"pip failed \(exit 3 from: .*sys.exit"):
        bootstrap._run([sys.executable, "-c", "import sys; sys.exit(3)"], {}, "pip failed")


def test_uv_follows_the_registries_of_pip(pip_says):
    pip_says(
        "global.index-url='https://one.example/simple'",
        "install.extra-index-url='https://two.example/simple\\nhttps://three.example/simple'",
        ":env:.cert='/certificates.pem'",
    )
    environment = bootstrap._environment(sys.executable)
    assert environment["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    extra = "https://two.example/simple https://three.example/simple"
    assert environment["UV_INDEX"] == extra
    assert environment["SSL_CERT_FILE"] == "/certificates.pem"
    assert environment["NODE_EXTRA_CA_CERTS"] == "/certificates.pem"


def test_the_environment_is_stronger_than_a_file(pip_says):
    pip_says(
        "global.index-url='https://file.example/simple'",
        ":env:.index-url='https://environment.example/simple'",
    )
    environment = bootstrap._environment(sys.executable)
    assert environment["UV_DEFAULT_INDEX"] == "https://environment.example/simple"


def test_what_uv_was_told_itself_wins(pip_says, monkeypatch):
    pip_says("global.index-url='https://pip.example/simple'")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert bootstrap._environment(sys.executable)["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_a_folder_of_wheels_that_is_gone_is_left_out(pip_says, tmp_path):
    pip_says(f":env:.find-links='{tmp_path} {tmp_path}/gone'")
    assert bootstrap._environment(sys.executable)["UV_FIND_LINKS"] == str(tmp_path)


def test_caches_stay_inside_the_repository(pip_says):
    pip_says()
    environment = bootstrap._environment(sys.executable)
    caches = [environment[name] for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache")]
    assert all(Path(cache).is_relative_to(ROOT) for cache in caches)
