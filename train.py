"""Trains an inpainting model: python train.py --model vgg_wgan

Everything a run makes lies in its work directory, runs/NAME by default: config.json, checkpoints/,
tensorboard/, metrics.jsonl, samples/ and saved_model/. Exit status: 0 done, 1 the run failed, 2 the command
was refused, 128 + n stopped by signal n (continue with --resume).
"""

import sys
from contextlib import nullcontext

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.settings import after_l2, with_settings
from inpainting.errors import InputError
from inpainting.pretrained import check_start
from inpainting.training.workers import is_set, of_environment, start
from inpainting.workdir import Workdir

# TensorFlow takes seconds to import: `train` does so once the command line is known to be good.

FLAGS = {
    "dataset": "cifar10 (default), any TFDS image data set, folder:PATH of PNG or JPEG images, or dead_leaves",
    "data_dir": "where TFDS keeps its data sets (default: TFDS_DATA_DIR or ~/tensorflow_datasets)",
    "image_size": "side of the images in pixels (default: 32)",
    "hole": "side of the hole in pixels (default: a quarter of the image)",
    "bottleneck": "features between encoder and decoder (default: 512)",
    "steps": "generator updates (default: the model's)",
    "batch_size": "images of one update (default: the model's; 64 for most)",
    "seed": "of the weights, the order of the data and everything drawn (default: 0)",
    "precision": "auto (16 bits where the machine has them), float32 or mixed_bfloat16",
    "jit": "XLA: auto (on a GPU), on or off",
}


def parse(argv):
    """The command line as (config, workdir, arguments). A resumed run keeps its settings unless given anew."""
    parser = Parser(description=__doc__)
    parser.add_argument("--model", metavar="NAME", help=f"one of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--list-models", action="store_true", help="print the models and exit")
    parser.add_argument("--workdir", metavar="DIR", help="default: runs/NAME")
    for name, text in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=name.upper(), help=text)
    settings_help = "change any setting, for instance alpha=0.9 or method.alpha=0.9; can be repeated"
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE", help=settings_help)
    parser.add_argument("--deterministic", action="store_true", help="the same bits in every run (slower)")
    initial_help = (
        "start from the weights of published ones, pretrained/NAME, or of another run; "
        "of an adversarial model only what follows the L2 is trained then"
    )
    parser.add_argument("--initial", metavar="DIR", help=initial_help)
    parser.add_argument("--resume", action="store_true", help="continue the run in the work directory")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in the work directory")
    profile_help = "write a trace of N steps to tensorboard/, for TensorBoard's profiler"
    parser.add_argument("--profile", metavar="N", type=int, help=profile_help)
    devices_help = "so many of this machine's GPUs share a batch (default: all)"
    parser.add_argument("--devices", metavar="N", type=int, help=devices_help)
    workers_help = "so many processes on this machine share a batch, for trying; machines do by TF_CONFIG"
    parser.add_argument("--workers", metavar="N", type=int, help=workers_help)
    arguments = parser.parse_args(argv)
    if arguments.list_models:
        import_tensorflow()
        from inpainting.training.listing import models_table

        print(models_table())
        sys.exit(0)
    if not arguments.model:
        parser.error(f"--model is required: one of {', '.join(EXPERIMENTS)}")
    for name in ("profile", "devices", "workers"):
        if (value := getattr(arguments, name)) is not None and value < 1:
            parser.error(f"--{name} must be at least 1")
    if arguments.resume and arguments.overwrite:
        parser.error("--resume continues a run and --overwrite replaces it: give one of them")
    if arguments.resume and arguments.initial:
        parser.error("--resume goes on from the run's own weights and --initial starts from others: give one")
    settings = {name: getattr(arguments, name) for name in FLAGS if getattr(arguments, name) is not None}
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals:
            parser.error(f"--set {text}: write --set SETTING=VALUE")
        settings[name] = value
    if arguments.deterministic:
        settings["deterministic"] = "true"
    workdir = Workdir(arguments.workdir or f"runs/{arguments.model}")
    config = workdir.resumable_config(arguments.model) if arguments.resume else experiment(arguments.model)
    follows = arguments.initial and getattr(config.method, "warmup_steps", 0)
    if follows:
        steps = settings.pop("steps", settings.pop("training.steps", None))
        settings = after_l2(config, Workdir(arguments.initial).read_config(), steps) | settings
    config = with_settings(config, settings)
    if follows and not (config.method.head_start or config.method.warmup_steps):
        raise InputError("head_start=0: after --initial it must be at least 1")
    return config, workdir, arguments


def train(config, workdir, *, initial=None, resume=False, overwrite=False, profile=None, devices=None):
    """Trains `config` in `workdir`, from the weights of the Workdir `initial` where that is given.

    profile: the number of steps to write a trace of. devices: of this machine, by default all of its GPUs.
    Returns 0, or 128 + the signal that stopped it.
    """
    workers = of_environment()
    if workers.is_chief:
        workdir.check(config, resume=resume, overwrite=overwrite)
    if initial:
        check_start(config, initial)
    with workdir.lock if workers.is_chief else nullcontext():
        import_tensorflow()
        from inpainting.training.run import run

        how = {"initial": initial, "resume": resume, "overwrite": overwrite, "profile": profile}
        return run(config, workdir, workers=workers, devices=devices, **how)


def main(argv):
    config, workdir, arguments = parse(argv)
    if arguments.workers and not is_set():
        workdir.check(config, resume=arguments.resume, overwrite=arguments.overwrite)
        return start(arguments.workers, [sys.executable, __file__, *argv])
    initial = Workdir(arguments.initial) if arguments.initial else None
    how = {name: getattr(arguments, name) for name in ("resume", "overwrite", "profile", "devices")}
    return train(config, workdir, initial=initial, **how)


if __name__ == "__main__":
    run_program(main)
