"""Definitions as people write them: JSON, or YAML with the same meaning, line by line.

YAML is read in the part of it that JSON has too: mappings with names, lists, text, whole numbers,
truth values. What YAML would make something else of (a date, an anchor, a tag, a name that stands
there twice) is refused or stays text, so that a document means the same in both forms and has the
same hash.

Source: YAML 1.1 (as PyYAML reads it), RFC 8259.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmdapp.chain._json_lines import DEPTH_MAX, WHOLE_MAX, Node, read_json, read_text, rejected
from crmdapp.errors import FileFault, UsageError

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, ScalarNode
    from yaml.nodes import Node as YamlNode

FILE_MAX = 1_000_000
"""Most bytes of a definition."""

YAML_SUFFIXES = (".yaml", ".yml")

_TRUTHS: Final = {"true": True, "false": False}
_TAG = "tag:yaml.org,2002:"


class _Fault(Exception):  # noqa: N818 - a fault of the file, never seen by callers
    """What is wrong with a YAML document, and where."""

    def __init__(self, node: YamlNode, path: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = FileFault(node.start_mark.line + 1, path, reason)


def load_document(path: Path | str) -> tuple[str, Node]:
    """Return a file's name and what it holds.

    Raises:
        FileRejected: It is no document of its kind; the fault names the line.
        UsageError: It cannot be read.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            data = file.read(FILE_MAX + 1)
    except OSError as problem:
        raise UsageError(f"{place} cannot be read: {problem.strerror}.") from None
    if len(data) > FILE_MAX:
        raise rejected(place.name, [FileFault(0, "", f"it has more than {FILE_MAX:,} bytes")])
    return place.name, read_document(data, place.name)


def read_document(data: bytes, name: str) -> Node:
    """Return what a document holds, with its lines.

    Args:
        data: The document, in UTF-8.
        name: What to call it; it is YAML if that ends in .yaml or .yml.

    Raises:
        FileRejected: It is no document of its kind; the fault names the line.
    """
    if name.lower().endswith(YAML_SUFFIXES):
        return _read_yaml(data, name)
    return read_json(data, name)


def _read_yaml(data: bytes, name: str) -> Node:
    import yaml

    text = read_text(data, name)
    try:
        _require_plain(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise rejected(name, [FileFault(1, "", "it is empty")])
        return _node(root, "")
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = f"it is not YAML: {problem.problem or problem.context}"
        raise rejected(name, [FileFault(mark.line + 1 if mark else 0, "", reason)]) from None
    except yaml.YAMLError as problem:
        reason = f"it is not YAML: {str(problem).splitlines()[0]}"
        raise rejected(name, [FileFault(0, "", reason)]) from None
    except _Fault as problem:
        raise rejected(name, [problem.fault]) from None


def _require_plain(text: str, name: str) -> None:
    """Check, before anything is built, that a document cannot grow: no aliases, no great depth.

    Raises:
        FileRejected: It could; the fault names the line.
    """
    import yaml
    from yaml import tokens

    starts = (
        tokens.BlockMappingStartToken,
        tokens.BlockSequenceStartToken,
        tokens.FlowMappingStartToken,
        tokens.FlowSequenceStartToken,
    )
    ends = (tokens.BlockEndToken, tokens.FlowMappingEndToken, tokens.FlowSequenceEndToken)
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, starts) - isinstance(token, ends)
        reason = ""
        if isinstance(token, tokens.AliasToken | tokens.AnchorToken):
            reason = "anchors and aliases are not taken"
        elif depth > DEPTH_MAX:
            reason = f"it is nested more than {DEPTH_MAX} deep"
        if reason:
            raise rejected(name, [FileFault(token.start_mark.line + 1, "", reason)])


def _node(node: YamlNode, path: str) -> Node:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    line = node.start_mark.line + 1
    if isinstance(node, MappingNode) and node.tag == _TAG + "map":
        return Node(_mapping(node, path), line)
    if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
        items = [_node(item, f"{path}[{number}]") for number, item in enumerate(node.value)]
        return Node(items, line)
    if isinstance(node, ScalarNode):
        return Node(_scalar(node, path), line)
    raise _Fault(node, path, f"a value of the kind {node.tag} is not taken")


def _mapping(node: MappingNode, path: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for name_node, value in node.value:
        # A bare yes or 12 is a name too: JSON has no others than text.
        name = getattr(name_node, "value", None)
        if not isinstance(name, str) or name_node.tag == _TAG + "merge":
            raise _Fault(name_node, path, "a name is text")
        place = f"{path}.{name}" if path else name
        if name in found:
            raise _Fault(name_node, place, f"{name!r} stands there twice")
        found[name] = Node(_node(value, place).value, name_node.start_mark.line + 1)
    return found


def _scalar(node: ScalarNode, path: str) -> str | int | float | bool | None:
    """Return a value as JSON has it.

    Dates stay text. So do the words that only YAML takes for truth values or nothing (yes, on, ~):
    whoever writes them as an option means the word.
    """
    text: str = node.value
    quoted = node.style is not None
    if quoted or node.tag in (_TAG + "str", _TAG + "timestamp"):
        return text
    if node.tag == _TAG + "bool":
        return _TRUTHS.get(text, text)
    if node.tag == _TAG + "null":
        return None if text == "null" else text
    if node.tag == _TAG + "int":
        return _whole(node, path)
    if node.tag == _TAG + "float":
        return float(text) if text.lstrip("-").replace(".", "", 1).isdigit() else text
    raise _Fault(node, path, f"a value of the kind {node.tag} is not taken")


def _whole(node: ScalarNode, path: str) -> int | str:
    """Return a whole number; what YAML would read in base 2, 8, 16 or 60 stays text."""
    text: str = node.value
    digits = text.removeprefix("-")
    if not digits.isdigit() or (len(digits) > 1 and digits.startswith("0")):
        return text
    if len(digits) > len(str(WHOLE_MAX)) or abs(int(text)) > WHOLE_MAX:
        raise _Fault(
            node, path, f"{text[:30]} is beyond {WHOLE_MAX:,}, where readers of JSON round"
        )
    return int(text)
