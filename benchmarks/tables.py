"""The published tables, made from the results they show: python benchmarks/tables.py [--check]

Writes into README.md and docs/*.md, between each pair of lines

    <!-- table: NAME -->
    <!-- end of table -->

the table of docs/results/NAME.json, with the commands that measured it before and its note behind it. --check
writes nothing and exits with 1 where a page differs. A results file is written by a study, or by hand:

    {"command": "python …",                      what measures the numbers, line by line
     "note": "CIFAR-10, seed 0, …",              data, hardware, versions, seed, date
     "columns": {"model": "{}", "hole_mse": "{:.4f}", …},    name -> format
     "rows": [{"model": "vgg_wgan", "hole_mse": 0.0143}, …]}

A row without a column's value has an empty cell there; half of a value's 95 % interval, such as
"hole_mse_interval", stands behind it. A row can take values from another file's row, found by its first column,
so that a number stands in one file alone:

    {"from": "density", "row": "pixel_cnn", "values": {"hole_mse": "mean: hole_mse"}, "model": "…"}
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inpainting.command_line import Parser, run_program
from inpainting.errors import InputError
from inpainting.measuring.report import markdown, paragraph

START, END = "<!-- table: ", "<!-- end of table -->"
TABLE = re.compile(rf"({START}(.*?) -->\n).*?({END})", re.DOTALL)


def read(name, folder):
    """The results file of a name, a dict."""
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"there is no {path}, of which a table is to be made") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None


def complete_row(row, folder):
    """A row with the values that it takes from another file's."""
    if "from" not in row:
        return row
    results = read(row["from"], folder)
    first = next(iter(results["columns"]))
    found = next((other for other in results["rows"] if other[first] == row["row"]), None)
    if found is None:
        raise InputError(f"{folder / row['from']}.json has no row {row['row']!r}")
    taken = {name: found[other] for name, other in row["values"].items()}
    intervals = {f"{name}_interval": found.get(f"{other}_interval") for name, other in row["values"].items()}
    return {**taken, **intervals, **row}


def block(name, folder):
    """What stands between the lines that name a table: commands, table, note."""
    results = read(name, folder)
    rows = [complete_row(row, folder) for row in results["rows"]]
    commands = f"```\n{results['command']}\n```"
    return "\n\n".join([commands, markdown(rows, results["columns"]), paragraph(results["note"])])


def with_tables(text, folder):
    """A page's text with its tables made anew from the results in `folder`."""
    if not text.count(START) == text.count(END) == len(TABLE.findall(text)):
        raise InputError(f"a table's line {START}NAME --> is not followed by {END}")
    return TABLE.sub(lambda match: f"{match[1]}\n{block(match[2], folder)}\n\n{match[3]}", text)


def main(argv, root=ROOT):
    parser = Parser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page differs")
    arguments = parser.parse_args(argv)
    differing = []
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = page.read_text()
        try:
            made = with_tables(text, root / "docs" / "results")
        except InputError as error:
            raise InputError(f"{page.relative_to(root)}: {error}") from None
        if made != text:
            differing.append(str(page.relative_to(root)))
            if not arguments.check:
                page.write_text(made)
    if differing and arguments.check:
        print(f"not as in docs/results: {', '.join(differing)} (run benchmarks/tables.py)", file=sys.stderr)
        return 1
    for name in differing:
        print(name)
    return 0


if __name__ == "__main__":
    run_program(main)
