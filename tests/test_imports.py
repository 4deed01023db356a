"""Who may import whom: networks and pipelines know nothing of training, nor of each other."""

import ast

import pytest

from tests.conftest import ROOT

ALLOWED = {
    "inpainting": {"inpainting"},
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


@pytest.mark.parametrize("folder", ALLOWED)
def test_import_directions(folder):
    for path in (ROOT / folder).glob("*.py"):
        for module in imported(path):
            if module.split(".")[0] in OURS:
                names = {module, module.split(".")[0]}
                assert names & ALLOWED[folder], f"{path.relative_to(ROOT)} imports {module}"


def test_experiments_need_no_tensorflow():
    for name in ("experiments", "errors", "workdir", "command_line", "checkpoints"):
        path = ROOT / "inpainting" / f"{name}.py"
        top = [
            node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not any("tensorflow" in ast.unparse(node) for node in top), name
