"""Write what the Python package knows of the contracts, and prove that it is fresh.

From one compilation with Ape's settings:

- `python/crmdapp/artifacts/<Name>.json`: ABI and bytecode of every contract that can be deployed;
- `python/crmdapp/<domain>/events.py` and `errors.py`: a Python twin of each event and custom
  error, under its Solidity name. What is declared in `contracts/common` or by a library from npm
  goes to `crmdapp/chain`.

    python -m scripts.export_artifacts            writes
    python -m scripts.export_artifacts --check    writes nothing; fails if a file is stale, or if
                                                  a contract is larger than a chain accepts
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts._twins import GENERATED, render_twins, shipped_contracts

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "crmdapp"
ARTIFACTS = PACKAGE / "artifacts"
CODE_LIMIT = 24_576  # bytes of deployed code, EIP-170
OUTPUTS = [
    "abi",
    "metadata",
    "evm.bytecode.linkReferences",
    "evm.bytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.deployedBytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.methodIdentifiers",
]


class ExportError(Exception):
    """The contracts do not compile or cannot be exported; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on stale files")
    options = parser.parse_args(arguments)
    try:
        output = compile_contracts()
        files = render(output)
        too_large = list(_too_large(output))
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    stale = _stale(files)
    for line in too_large:
        print(line, file=sys.stderr)
    if not options.check:
        _write(files, stale)
        print(f"{len(files)} files, {len(stale)} changed")
    elif stale:
        print("not what the contracts compile to (run python -m scripts.export_artifacts):")
        for path in stale:
            print(f"  {path.relative_to(ROOT)}")
    return 1 if too_large or (options.check and stale) else 0


def compile_contracts() -> dict[str, Any]:
    """Compile everything below contracts/ as Ape does; returns the compiler's JSON answer.

    Raises:
        ExportError: The contracts do not compile.
    """
    import ape
    from solcx.install import get_executable

    project = ape.Project(ROOT)
    compiler = ape.compilers.get_compiler("solidity")
    paths = sorted((ROOT / "contracts").rglob("*.sol"))
    if compiler is None or not paths:
        raise ExportError("no Solidity compiler or no contract found; run make compile to see why")
    inputs = compiler.get_standard_input_json(paths, project=project)
    if len(inputs) != 1:
        raise ExportError(f"the contracts need {len(inputs)} compiler versions; use one pragma")
    (version, request), *_ = inputs.items()
    selection = {source: {"": ["ast"], "*": OUTPUTS} for source in request["sources"]}
    request["settings"]["outputSelection"] = selection
    command = [str(get_executable(version=version.base_version)), "--standard-json"]
    done = subprocess.run(
        command, input=json.dumps(request), capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise ExportError(done.stderr.strip())
    output: dict[str, Any] = json.loads(done.stdout)
    problems = [each for each in output.get("errors", []) if each["severity"] == "error"]
    if problems:
        raise ExportError("\n".join(each["formattedMessage"] for each in problems))
    return output


def render(output: Mapping[str, Any]) -> dict[Path, str]:
    """Return the text of every generated file, by its path."""
    files = {
        ARTIFACTS / f"{name}.json": _json(_artifact(source, name, contract))
        for source, name, contract in _deployable(output)
    }
    for name, text in render_twins(output).items():
        files[PACKAGE / name] = _formatted(text)
    return files


def _deployable(output: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The shipped contracts and external libraries that have code: (source, name, contract)."""
    for source, name, contract in shipped_contracts(output):
        node = _definition(output, source, name)
        has_code = bool(contract["evm"]["bytecode"]["object"])
        is_internal = node["contractKind"] == "library" and not contract["evm"]["methodIdentifiers"]
        if has_code and not is_internal:
            yield source, name, contract


def _definition(output: Mapping[str, Any], source: str, name: str) -> dict[str, Any]:
    nodes: Iterable[dict[str, Any]] = output["sources"][source]["ast"]["nodes"]
    return next(
        node for node in nodes if node["nodeType"] == "ContractDefinition" and node["name"] == name
    )


def _artifact(source: str, name: str, contract: Mapping[str, Any]) -> dict[str, Any]:
    metadata = json.loads(contract["metadata"])
    creation, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    sources = sorted((path, each["keccak256"]) for path, each in metadata["sources"].items())
    digest = hashlib.sha256("".join(f"{path} {kept}\n" for path, kept in sources).encode())
    settings = metadata["settings"]
    # The compiler names immutables by numbers that change with unrelated sources: number them anew.
    places = (sorted(each, key=_start) for each in deployed["immutableReferences"].values())
    immutables = sorted(places, key=lambda each: _start(each[0]))
    return {
        "abi": contract["abi"],
        "bytecode": "0x" + creation["object"],
        "compiler": {
            "evm_version": settings["evmVersion"],
            "optimizer": settings["optimizer"],
            "version": metadata["compiler"]["version"],
            "via_ir": settings.get("viaIR", False),
        },
        "deployed_bytecode": "0x" + deployed["object"],
        "deployed_link_references": deployed["linkReferences"],
        "immutable_references": {str(number): each for number, each in enumerate(immutables)},
        "link_references": creation["linkReferences"],
        "name": name,
        "source": source,
        "source_hash": "0x" + digest.hexdigest(),
    }


def _start(place: Mapping[str, int]) -> int:
    return place["start"]


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _formatted(text: str) -> str:
    """The text as `ruff format` leaves it, so that linters accept generated files as they are."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "generated.py", "-"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise ExportError(f"ruff cannot format a generated module: {done.stderr.strip()}")
    return done.stdout


def _too_large(output: Mapping[str, Any]) -> Iterator[str]:
    for _, name, contract in _deployable(output):
        size = len(contract["evm"]["deployedBytecode"]["object"]) // 2
        if size > CODE_LIMIT:
            yield f"{name}: {size:,} bytes of code, {size - CODE_LIMIT:,} more than a chain accepts"


def _stale(files: Mapping[Path, str]) -> list[Path]:
    """The files that are missing, different, or left over from a contract that is gone."""
    known = {*ARTIFACTS.glob("*.json"), *_generated_modules()}
    different = {path for path, text in files.items() if _read(path) != text}
    return sorted(different | (known - files.keys()))


def _generated_modules() -> Iterator[Path]:
    for kind in ("events", "errors"):
        for path in PACKAGE.glob(f"*/{kind}.py"):
            if GENERATED in _read(path):
                yield path


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _write(files: Mapping[Path, str], stale: Iterable[Path]) -> None:
    for path in stale:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
