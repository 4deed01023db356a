"""Tables and paragraphs of Markdown."""

import textwrap

WIDTH = 112  # characters of a line


def paragraph(text):
    """The text in lines of WIDTH; a word or an option that is longer stays whole."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def markdown(rows, columns):
    """The rows as a Markdown table.

    rows: dicts of column -> value. columns: column -> format, such as "{:.4f}", or "{}" for text, in the
    table's order. A value that is missing or None is an empty cell; one with half of an interval,
    COLUMN_interval, is shown with it: 0.0133 ± 0.0004.
    """
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        lines.append(f"| {' | '.join(_cell(row, name, form) for name, form in columns.items())} |")
    return "\n".join(lines)


def _cell(row, name, form):
    values = [row[key] for key in (name, f"{name}_interval") if row.get(key) is not None]
    return " ± ".join(form.format(value) for value in values).replace("± +", "± ")


FORMATS = {
    "hole_mse": "{:.4f}",
    "behind_best": "{:.4f}",
    "l2": "{:.4f}",
    "half_sum_l2": "{:.2f}",
    "maem": "{:.1f}",
    "hole_psnr": "{:.2f}",
    "ssim": "{:.4f}",
    "sharpness": "{:.2f}",
    "seam": "{:.2f}",
    "band_low": "{:.2f}",
    "band_middle": "{:.2f}",
    "band_high": "{:.2f}",
    "c2st": "{:.3f}",
    "nats_per_hole": "{:.1f}",
    "hole_bits_per_dim": "{:.2f}",
    "bits_per_dim": "{:.2f}",
    "ms_per_image": "{:.2f}",
    "parameters": "{:,}",
}


def metrics_table(rows):
    """What measuring.measure says of fillers, name -> row, as a Markdown table; no column without a value."""
    columns = {key: form for key, form in FORMATS.items() if any(key in row for row in rows.values())}
    return markdown([{"filler": name, **row} for name, row in rows.items()], {"filler": "{}", **columns})
