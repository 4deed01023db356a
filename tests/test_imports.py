"""Who may import whom: programs, training, measuring, filling, what they share. How long a file may be."""

import ast
from graphlib import TopologicalSorter

import pytest

from tests.conftest import ROOT, command

PACKAGES = ("inpainting", "models", "pipelines")
PROGRAMS = ("train", "evaluate", "inpaint", "app")
OURS = (*PACKAGES, *PROGRAMS, "benchmarks", "tests")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [ROOT / f"{name}.py" for name in PROGRAMS]
    + [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
}

SMALL = (
    "masks",
    "mixed_masks",
    "pixels",
    "files",
    "errors",
    "variables",
    "replicas",
    "command_line",
    "lock",
    "signals",
)
SMALL_FILES = {f"inpainting.{name}" for name in SMALL}
FOUNDATION = ("config", "losses", "checkpoints", "workdir", "pretrained")
SHARED = {f"inpainting.{name}" for name in FOUNDATION} | SMALL_FILES
NETWORKS_AND_DATA = {"models", "pipelines"}
FILLING = {"inpainting.filling"} | SHARED | NETWORKS_AND_DATA
WEB = {"inpainting.web"} | FILLING
MEASURING = {"inpainting.measuring"} | FILLING
TRAINING = {"inpainting.training"} | MEASURING

# What each part may import beside what lies outside of the project; a package with all that is in it.
ALLOWED = {
    "train": TRAINING,
    "evaluate": TRAINING,
    "inpaint": FILLING,
    "app": WEB,
    "inpainting.training": TRAINING,
    "inpainting.measuring": MEASURING,
    "inpainting.web": WEB,
    "inpainting.filling": FILLING,
    "inpainting.config": {"inpainting.config", "inpainting.errors"},
    "inpainting.losses": {
        "inpainting.losses",
        *(f"inpainting.{name}" for name in ("masks", "pixels", "replicas", "variables")),
    },
    "inpainting.checkpoints": SMALL_FILES,
    "inpainting.workdir": SHARED,
    "inpainting.pretrained": SHARED,
    **dict.fromkeys(sorted(SMALL_FILES), SMALL_FILES),
    "models": {"models", *(f"inpainting.{name}" for name in ("pixels", "replicas", "variables"))},
    "pipelines": {"pipelines", *(f"inpainting.{name}" for name in ("masks", "pixels", "files", "errors"))},
}


def imports(path):
    """The modules of the project that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]  # a module or what is in one
            names = [name if name in MODULES else node.module for name in inside]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in OURS)


def within(name, parts):
    """The part that a module belongs to, or None."""
    return next((part for part in parts if name == part or name.startswith(f"{part}.")), None)


@pytest.mark.parametrize("part", ALLOWED)
def test_import_directions(part):
    found = {name: path for name, path in MODULES.items() if within(name, [part])}
    assert found
    for name, path in found.items():
        for imported in imports(path):
            assert within(imported, ALLOWED[part]), f"{name} imports {imported}"


def test_every_module_has_its_place():
    assert [name for name in MODULES if not within(name, ALLOWED)] == ["inpainting"]
    assert list(imports(MODULES["inpainting"])) == ["inpainting.filling.inpaint"]  # at the function's first use


def test_no_circle():
    graph = {name: set(imports(path)) - {name} for name, path in MODULES.items()}
    assert set(MODULES) <= set(TopologicalSorter(graph).static_order())


def test_what_a_refusal_needs_imports_no_tensorflow():
    config = [name for name in MODULES if within(name, ["inpainting.config"])]
    light = ["errors", "files", "lock", "signals", "checkpoints", "workdir", "pretrained", "command_line"]
    light += ["measuring.tasks", "measuring.report", "filling.choice", "filling.inpaint", "filling.jobs"]
    light += ["web.models", "web.rest", "web.guard"]
    modules = [*config, *(f"inpainting.{name}" for name in light), "models", *PROGRAMS]
    code = f"import sys, {', '.join(modules)}; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    finished = command("-c", code)
    assert finished.stdout.strip() == "False", finished.stderr


@pytest.mark.parametrize("folder", [".", *PACKAGES, "benchmarks", "tests"])
def test_no_file_is_long(folder):
    paths = list((ROOT / folder).glob("*.py" if folder == "." else "**/*.py"))
    counts = {str(path): len(path.read_text().splitlines()) for path in paths}
    limit = 400 if folder == "tests" else 300
    assert paths and {path: count for path, count in counts.items() if count > limit} == {}
