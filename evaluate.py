"""Measures trained models on images they have not seen: python evaluate.py runs/vgg_wgan --baselines

Prints a table and writes results.json and figures/ into each work directory. The averaged weights of the best
checkpoint are measured, in float32. A density model gets a row for each way of completing (mean, greedy,
sample) and its likelihood in bits per sub-pixel, of the hole and of the whole image, in one reading from the
first corner whatever its directions. --mask measures a run on other holes than those it was trained for. With
--figure, it draws several runs into one picture instead, in figures/ of the last of them: overlap (two runs,
without and with the overlap trick: the paper's figure 6), grid (the same images down the rows, the models
across) or curves (validation over time). The paper's figures 4, 5, 9, 11 and 12, completions beside the truth,
are each model's completions.png. Exit status: 0 done, 1 failed, 2 the command was refused.
"""

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.measuring.report import metrics_table
from inpainting.measuring.tasks import check_comparable, measured_data, task
from inpainting.workdir import Workdir


def parse(argv):
    parser = Parser(description=__doc__)
    workdirs_help = "directories that train.py has made, or published weights: pretrained/NAME"
    parser.add_argument("workdirs", nargs="+", metavar="WORKDIR", help=workdirs_help)
    splits = ("train", "validation", "test")
    parser.add_argument("--split", default="test", choices=splits, help="default: test")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    masks_help = "other holes than the run was trained for: center, rectangle or free_form"
    parser.add_argument("--mask", metavar="KIND", help=masks_help)
    parser.add_argument("--baselines", action="store_true", help="measure classical methods beside the models")
    figures = ("overlap", "grid", "curves")
    parser.add_argument("--figure", choices=figures, help="draw the runs into one picture")
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets, if elsewhere now")
    arguments = parser.parse_args(argv)
    arguments.workdirs = [Workdir(path) for path in dict.fromkeys(arguments.workdirs)]
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be at least 1")
    if arguments.figure == "overlap" and len(arguments.workdirs) != 2:
        parser.error("--figure overlap takes two work directories: without and with the overlap")
    if arguments.figure and (arguments.baselines or arguments.limit or arguments.mask):
        parser.error(
            "--figure draws the same few images of each run: leave out --baselines, --limit and --mask"
        )
    return arguments


def draw(kind, workdirs, *, split="test", data_dir=None):
    """Draws several runs into one picture. Returns its path, in figures/ of the last run."""
    configs = [workdir.read_config() for workdir in workdirs]
    check_comparable(kind, configs)
    path = workdirs[-1].figures / f"{kind}.png"
    import_tensorflow()
    from inpainting.measuring import drawing

    if kind == "curves":
        drawing.draw_curves(workdirs, configs, path)
    else:
        drawing.draw_side_by_side(kind, workdirs, configs, path, split=split, data_dir=data_dir)
    return path


def main(argv):
    arguments = parse(argv)
    options = {key: getattr(arguments, key) for key in ("split", "data_dir")}
    if arguments.figure:
        print(draw(arguments.figure, arguments.workdirs, **options))
        return 0
    configs = [workdir.read_config() for workdir in arguments.workdirs]
    tasks = [measured_data(config, arguments.mask) for config in configs]  # all before the first is measured
    import_tensorflow()
    from inpainting.measuring.evaluation import evaluate

    tables = {}
    for workdir, config, data in zip(arguments.workdirs, configs, tasks, strict=True):
        rows = tables.setdefault(task(data), {})
        options |= {"limit": arguments.limit, "mask": arguments.mask}
        for name, row in evaluate(workdir, **options, baselines=arguments.baselines and not rows).items():
            own = name.split()[0] == config.model
            rows[name.replace(config.model, str(workdir.path), 1) if own else name] = row
    for (dataset, size, mask, hole), rows in tables.items():
        shape = f"{mask} {hole}×{hole}" if mask == "center" else f"{mask} ({hole})"
        limit = f", first {arguments.limit}" if arguments.limit else ""
        print(f"\n{dataset}, {arguments.split} split{limit}, {size}×{size} pixels, hole: {shape}\n")
        print(metrics_table(rows))
    for workdir in arguments.workdirs:
        print(f"\n{workdir.results}\n{workdir.figures / 'completions.png'}\n{workdir.figures / 'errors.png'}")
    return 0


if __name__ == "__main__":
    run_program(main)
