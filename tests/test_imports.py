"""Who may import whom: networks and pipelines know nothing of training, nor of each other."""

import ast

import pytest

from tests.conftest import ROOT, command

ALLOWED = {
    "inpainting": {"inpainting"},
    "inpainting/experiments.py": {"inpainting", "models"},  # the registry alone: it needs no TensorFlow
    "inpainting/trainers": {"inpainting"},
    "inpainting/losses": {"inpainting"},
    "models": {"models"},
    "pipelines": {"pipelines", "inpainting.masks", "inpainting.pixels", "inpainting.errors"},
}
OURS = ("inpainting", "models", "pipelines", "train", "evaluate")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize(
    "folder", ["inpainting", "inpainting/trainers", "inpainting/losses", "models", "pipelines"]
)
def test_import_directions(folder):
    for path in (ROOT / folder).glob("*.py"):
        name = str(path.relative_to(ROOT))
        allowed = ALLOWED.get(name, ALLOWED[folder])
        for module in imported(path):
            if module.split(".")[0] in OURS:
                assert {module, module.split(".")[0]} & allowed, f"{name} imports {module}"


def test_the_command_line_needs_no_tensorflow():
    """Of inpainting.experiments with the registry behind it, and the rest of what a refused command needs."""
    modules = [
        f"inpainting.{name}" for name in ("experiments", "errors", "workdir", "command_line", "checkpoints")
    ]
    code = f"import sys, {', '.join(modules)}; print('tensorflow' in sys.modules)"
    assert command("-c", code).stdout.strip() == "False"
