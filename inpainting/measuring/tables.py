"""Prints what several runs have been measured as, a table for each task, and draws it."""

from inpainting.errors import DiskError
from inpainting.measuring import figures
from inpainting.measuring.bootstrap import intervals
from inpainting.measuring.report import metrics_table


def show(tables, split, limit=None):
    """Prints a table for each task, and draws its rows into the plane, plane.png.

    tables: tasks.task -> a dict of the `rows` and `errors` of evaluation.evaluate and the `folder` to draw in.
    """
    for (dataset, crop, size, mask, hole), table in tables.items():
        rows = table["rows"]
        if not rows:
            continue
        for name, interval in intervals(table["errors"]).items():
            rows[name] |= interval
        shape = f"{mask} {hole}×{hole}" if mask == "center" else f"{mask} ({hole})"
        pixels = f"{size}×{size} pixels" + (" at random" if crop == "random" else "")
        first = f", first {limit}" if limit else ""
        print(f"\n{dataset}, {split} split{first}, {pixels}, hole: {shape}\n")
        print(metrics_table(rows))
        try:
            figures.plane(rows, table["folder"] / "plane.png")
        except DiskError as error:
            print(f"not kept: {error}")
