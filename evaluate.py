"""Measures trained models on images they have not seen: python evaluate.py runs/vgg_wgan --baselines

Prints a table and keeps it in each work directory, in results-NAME.json with pictures in figures/NAME/; NAME
says data set, split, mask and --limit. The averaged weights of the best checkpoint are measured, in float32. A
density model gets a row for each way of completing (mean, greedy, sample) and its likelihood in bits per
sub-pixel, of the hole and of the whole image, in one reading from the first corner whatever its directions.
--mask measures a run on other holes than those it was trained for. --realism measures what lies between the
first two runs too, (1 - T) times the fill of the first and T times that of the second: the least error at one
end, the sharpest fill at the other. plane.png of the last run shows every row of the table, hole_mse against
sharpness and, with --c2st, against how often a classifier tells completions from truth. With --figure, it draws
several runs into one picture instead, in figures/ of the last of them: overlap (two runs, without and with the
overlap trick: the paper's figure 6), grid (the same images down the rows, biharmonic interpolation and the
models across) or curves (validation over time). The paper's figures 4, 5, 9, 11 and 12, completions beside the
truth, are each model's completions.png. Exit status: 0 done, 1 failed, 2 the command was refused.
"""

import argparse
import contextlib
from pathlib import Path

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.errors import InputError
from inpainting.measuring.tasks import check_comparable, measured_data, measurement, task
from inpainting.workdir import Workdir


def parse(argv):
    parser = Parser(description=__doc__)
    workdirs_help = "directories that train.py has made, or published weights: pretrained/NAME"
    parser.add_argument("workdirs", nargs="+", metavar="WORKDIR", help=workdirs_help)
    splits = ("train", "validation", "test")
    parser.add_argument("--split", default="test", choices=splits, help="default: test")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    masks_help = "other holes than the run was trained for: center, rectangle, free_form or mixed"
    parser.add_argument("--mask", metavar="KIND", help=masks_help)
    parser.add_argument("--baselines", action="store_true", help="measure classical methods beside the models")
    c2st_help = "train a classifier to tell each row's completions from truth: a minute for 10,000 images"
    parser.add_argument("--c2st", action="store_true", help=c2st_help)
    realism_help = "blends of the first two runs, each T from 0 (the first) to 1 (the second)"
    parser.add_argument("--realism", type=shares, default=[], metavar="T,T,…", help=realism_help)
    mirror_help = "measure the mean over a picture and its mirror image too: less error, twice the time"
    parser.add_argument("--mirror", action="store_true", help=mirror_help)
    figures = ("overlap", "grid", "curves")
    parser.add_argument("--figure", choices=figures, help="draw the runs into one picture")
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets, if elsewhere now")
    dataset_help = "folder:PATH, where the pictures of a run on a folder are, if elsewhere now"
    parser.add_argument("--dataset", metavar="DATASET", help=dataset_help)
    arguments = parser.parse_args(argv)
    arguments.workdirs = list({Path(path).resolve(): Workdir(path) for path in arguments.workdirs}.values())
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be at least 1")
    if arguments.figure == "overlap" and len(arguments.workdirs) != 2:
        parser.error("--figure overlap takes two work directories: without and with the overlap")
    if arguments.realism and len(arguments.workdirs) < 2:
        parser.error("--realism takes two work directories: one trained on L2 first, then a sharper one")
    measuring = ("baselines", "limit", "mask", "c2st", "realism", "mirror")
    if arguments.figure and (given := [f"--{name}" for name in measuring if getattr(arguments, name)]):
        parser.error(f"--figure draws the same few images of each run: leave out {', '.join(given)}")
    return arguments


def shares(text):
    """The numbers of a comma-separated list, each in [0, 1]."""
    with contextlib.suppress(ValueError):
        values = [float(part) for part in text.split(",")]
        if all(0 <= value <= 1 for value in values):
            return values
    raise argparse.ArgumentTypeError(f"{text!r} is not numbers from 0 to 1, such as 0.25,0.5,0.75")


def main(argv):
    arguments = parse(argv)
    configs = [workdir.read_config() for workdir in arguments.workdirs]
    options = {key: getattr(arguments, key) for key in ("split", "data_dir", "dataset")}
    if arguments.figure:
        check_comparable(arguments.figure, configs)
        import_tensorflow()
        from inpainting.measuring.drawing import draw

        print(draw(arguments.figure, arguments.workdirs, **options))
        return 0
    tasks = [measured_data(config, arguments.mask, arguments.dataset) for config in configs]
    if arguments.realism:
        check_comparable("realism", configs[:2])
    if arguments.mirror and all(config.method.family == "density" for config in configs):
        raise InputError("--mirror is for networks that fill a hole at once, not for density models")
    if arguments.mirror and (odd := [config.only_hole for config in configs if (config.only_hole or 0) % 2]):
        raise InputError(f"--mirror: a centred hole of {odd[0]} pixels lies elsewhere in a mirror image")
    import_tensorflow()
    from inpainting.filling.fillers import blends, classical_fillers, load_fillers
    from inpainting.measuring.evaluation import evaluate
    from inpainting.measuring.tables import show

    # All before the first is measured, so that a damaged one is refused.
    loaded = [load_fillers(workdir, mirrored=arguments.mirror) for workdir in arguments.workdirs]
    options |= {"limit": arguments.limit, "mask": arguments.mask, "classify": arguments.c2st}
    tables = {}
    try:
        for index, (workdir, config, data) in enumerate(zip(arguments.workdirs, configs, tasks, strict=True)):
            table = tables.setdefault(task(data), {"rows": {}, "errors": {}})
            beside = classical_fillers() if arguments.baselines and not table["rows"] else []
            if index == 1:
                ends = [fillers[0] for fillers, _ in loaded[:2]]
                beside += blends(arguments.workdirs[0].path, *ends, arguments.realism)
            rows, errors = evaluate(workdir, *loaded[index], **options, beside=beside)
            for name, row in rows.items():
                own = name.split()[0] == config.model
                shown = name.replace(config.model, str(workdir.path), 1) if own else name
                table["rows"][shown], table["errors"][shown] = row, errors[name]
            table["folder"] = workdir.figures / measurement(data, arguments.split, arguments.limit)
    finally:  # what has been measured is shown, whatever befalls the next run
        show(tables, arguments.split, arguments.limit)
    return 0


if __name__ == "__main__":
    run_program(main)
