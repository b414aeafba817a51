"""Look through the files under version control for what has no place there.

Registry addresses tie an installation to one mirror, paths of one machine break on every other,
and a private key is a private key.

    python -m scripts.check_tree
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FORBIDDEN = {
    "the address of a package registry": re.compile(
        r"registry\.npm(js|mirror)\.|registry\.yarnpkg|files\.pythonhosted|(test\.)?pypi\.org/"
        r"|--(extra-)?index-url|\"resolved\":\s*\"https?:"
    ),
    "a path of one machine": re.compile(
        r"(?<![\w.}])/(work|home/[a-z]\w*|Users/[A-Z a-z]\w*|root)/"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
BINARY_BYTES = 1024  # a file with a NUL in its first bytes is not text


def main() -> int:
    """Print every finding; returns the exit code."""
    findings = list(_findings())
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _findings() -> Iterator[str]:
    for path in _files():
        data = path.read_bytes()
        if b"\0" in data[:BINARY_BYTES]:
            continue
        name = path.relative_to(ROOT)
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            for what, pattern in FORBIDDEN.items():
                if path != Path(__file__).resolve() and pattern.search(line):
                    yield f"{name}:{number}: {what}: {line.strip()[:120]}"


def _files() -> Iterator[Path]:
    """Every file that git keeps or would add; without git, nothing is under version control."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("check_tree: not a git repository, nothing to look through", file=sys.stderr)
        return
    for name in done.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


if __name__ == "__main__":
    sys.exit(main())
