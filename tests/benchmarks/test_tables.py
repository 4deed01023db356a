"""The tables of the documentation are those of docs/results."""

import json

import pytest

from benchmarks.tables import ROOT, main, with_tables
from inpainting.errors import InputError
from inpainting.measuring.report import markdown

RESULTS = {
    "command": "python benchmarks/study.py bottleneck",
    "note": "CIFAR-10, seed 0.",
    "columns": {"model": "{}", "hole_mse": "{:.4f}", "parameters": "{:,}"},
    "rows": [
        {"model": "cnn_l2", "hole_mse": 0.01649, "parameters": 5600000},
        {"model": "Telea", "hole_mse": 0.022, "hole_mse_interval": 0.0014},
    ],
}
SHORT = {
    "command": "python benchmarks/study.py bottleneck",
    "note": "As in the other.",
    "columns": {"name": "{}", "error": "{:.3f}"},
    "rows": [{"from": "full", "row": "Telea", "values": {"error": "hole_mse"}, "name": "OpenCV"}],
}
PAGE = "Before.\n\n<!-- table: full -->\nold\n<!-- end of table -->\n\nAfter.\n"


@pytest.fixture
def tree(tmp_path):
    """A README.md and a page of docs/, with the results of their tables."""
    (tmp_path / "docs" / "results").mkdir(parents=True)
    for name, results in {"full": RESULTS, "short": SHORT}.items():
        (tmp_path / "docs" / "results" / f"{name}.json").write_text(json.dumps(results))
    (tmp_path / "docs" / "page.md").write_text(PAGE)
    (tmp_path / "README.md").write_text(PAGE.replace("full", "short"))
    return tmp_path


def test_markdown_by_hand():
    """A format a column, and an empty cell for a value that is missing or None."""
    rows = [
        {"model": "a", "hole_mse": 0.01649, "parameters": 1234},
        {"model": "b", "parameters": None, "more": 1},
        {"model": "c", "hole_mse": 0.01649, "hole_mse_interval": 0.00021},
    ]
    assert markdown(rows, RESULTS["columns"]).splitlines() == [
        "| model | hole_mse | parameters |",
        "|---|---|---|",
        "| a | 0.0165 | 1,234 |",
        "| b |  |  |",
        "| c | 0.0165 ± 0.0002 |  |",
    ]
    gain = {"gain": 0.5, "gain_interval": 0.25}
    assert markdown([gain], {"gain": "{:+.2f}"}).endswith("| +0.50 ± 0.25 |")


def test_the_committed_tables_are_those_of_the_results():
    assert main(["--check"]) == 0


def test_a_page_gets_its_tables(tree):
    assert main(["--check"], root=tree) == 1
    assert main([], root=tree) == 0
    assert (tree / "docs" / "page.md").read_text().splitlines() == [
        "Before.",
        "",
        "<!-- table: full -->",
        "",
        "```",
        "python benchmarks/study.py bottleneck",
        "```",
        "",
        "| model | hole_mse | parameters |",
        "|---|---|---|",
        "| cnn_l2 | 0.0165 | 5,600,000 |",
        "| Telea | 0.0220 ± 0.0014 |  |",
        "",
        "CIFAR-10, seed 0.",
        "",
        "<!-- end of table -->",
        "",
        "After.",
    ]
    assert "| OpenCV | 0.022 ± 0.001 |" in (tree / "README.md").read_text()  # a value of another file's row
    assert main(["--check"], root=tree) == 0


def test_a_changed_number_is_noticed_in_every_page_that_shows_it(tree, capsys):
    main([], root=tree)
    path = tree / "docs" / "results" / "full.json"
    path.write_text(path.read_text().replace("0.022", "0.023"))
    capsys.readouterr()
    assert main(["--check"], root=tree) == 1
    assert "README.md, docs/page.md" in capsys.readouterr().err
    page = tree / "docs" / "page.md"
    page.write_text(page.read_text().replace("0.0220", "0.0230"))
    assert main(["--check"], root=tree) == 1
    assert "docs/page.md" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (PAGE.replace("full", "missing"), r"docs/page\.md: there is no .*missing\.json"),
        (PAGE.replace("<!-- end of table -->", ""), r"docs/page\.md: a table's line .* is not followed by"),
        (PAGE + PAGE.replace("<!-- end of table -->", "") + PAGE, r"docs/page\.md: a table's line"),
    ],
)
def test_a_marker_that_means_no_table_is_refused(tree, page, message):
    (tree / "docs" / "page.md").write_text(page)
    with pytest.raises(InputError, match=message) as refused:
        main(["--check"], root=tree)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "message"), [("{", "is not JSON"), (json.dumps({**RESULTS, "rows": []}), "has no row 'Telea'")]
)
def test_a_results_file_of_which_no_table_can_be_made_is_refused(tree, file, message):
    (tree / "docs" / "results" / "full.json").write_text(file)
    with pytest.raises(InputError, match=message):
        with_tables((tree / "README.md").read_text(), tree / "docs" / "results")


def test_every_results_file_is_shown_somewhere_and_says_how_it_was_made():
    pages = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    for path in (ROOT / "docs" / "results").glob("*.json"):
        results = json.loads(path.read_text())
        assert f"<!-- table: {path.stem} -->" in pages
        assert set(results) == {"command", "note", "columns", "rows"} and "python" in results["command"]
        for row in results["rows"]:
            intervals = {f"{column}_interval" for column in results["columns"]}
            assert set(row) <= {"from", "row", "values", *results["columns"], *intervals}
