"""Running the commands that a document shows, in its order, in one shell."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1800  # the longest document has some 180 commands

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r"^make\b *([a-z-]*)", re.MULTILINE)
_HERE = re.compile(r"<<'?(\w+)'?$")
_INLINE = re.compile(r"`make ([a-z-]+)")


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    language: str
    text: str


def blocks_of(path):
    """Every fenced block of a document, in order."""
    return [Block(*found) for found in _BLOCK.findall(path.read_text(encoding="utf-8"))]


def make_targets_of(path):
    """Every target of the Makefile that a document names."""
    shell = "".join(block.text for block in blocks_of(path) if block.language == "sh")
    named = {*_TARGET.findall(shell), *_INLINE.findall(path.read_text(encoding="utf-8"))}
    return named - {""}


# What serves until Ctrl-C is ended once it says that it serves.
_SERVED = """
until_it_serves() {
  "$@" --port 0 > served.txt &
  local server=$!
  until grep -q Ctrl-C served.txt; do kill -0 $server || return 1; sleep 0.1; done
  kill -TERM $server
  wait $server
}
"""
_SERVING = re.compile(r"^crmdapp (up|serve)\b(?! --help)")


def script_of(path, port):
    """One shell script of all blocks; `make` is left to the tests of its targets."""
    lines = ["set -euo pipefail", _SERVED]
    for block in blocks_of(path):
        if block.language == "python":
            lines.append(f"echo '== python' >&2\npython - <<'EOF'\n{block.text}EOF")
        elif block.language == "sh":
            here = ""  # the word that ends a text written into a file
            for line in block.text.splitlines():
                if _TARGET.match(line):
                    continue
                if line and not here and not line.startswith((" ", "#")):
                    lines.append(f"echo {shlex.quote('== ' + line)} >&2")
                lines.append(_on_ports(line, port))
                if begins := _HERE.search(line):
                    here = begins[1]
                elif line == here:
                    here = ""
    return "\n".join(lines) + "\n"


def _on_ports(line, port):
    """The command on the test's own port, ended once it serves if it would go on for ever."""
    moved = line.replace("crmdapp chain up", f"crmdapp chain up --port {port}")
    moved = moved.replace("crmdapp up", f"crmdapp up --no-browser --chain-port {port}")
    return f"until_it_serves {moved}" if _SERVING.match(moved) else moved


def run(path, folder):
    """Run a document's blocks in an empty folder that looks like a checkout."""
    for entry in ROOT.iterdir():
        if entry.name == "scripts":  # Ape does not follow a link to it
            shutil.copytree(entry, folder / entry.name)
        elif entry.name not in (".git", "deployments"):
            (folder / entry.name).symlink_to(entry)
    home = folder / "home"
    home.mkdir()
    port = free_port()
    environ = {
        "HOME": str(home),
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "CRMDAPP_STATE_DIR": str(folder / "state"),
        "CRMDAPP_DEPLOYMENTS": str(folder / "deployments"),
        "CRMDAPP_RPC": f"http://127.0.0.1:{port}",
        "NO_COLOR": "1",
    }
    try:
        return subprocess.run(
            ["bash", "-c", script_of(path, port)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    finally:
        subprocess.run(
            ["crmdapp", "chain", "down"], env=environ, cwd=folder, capture_output=True, check=True
        )
