"""Trains an inpainting model: python train.py --model vgg_wgan

Everything a run makes lies in its work directory, runs/NAME by default: config.json, checkpoints/,
tensorboard/, metrics.jsonl, samples/ and saved_model/. Exit status: 0 done, 1 the run failed, 2 the command
was refused, 130 or 143 stopped by a signal (continue with --resume).
"""

import sys
from functools import cache

from evaluate import LIKELIHOOD_BATCH, load_generator
from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.errors import InputError
from inpainting.experiments import CHOICES, EXPERIMENTS, METHODS, experiment, resolved, with_settings
from inpainting.workdir import Workdir

# TensorFlow takes seconds to import: `train` does so once the command line is known to be good.

FLAGS = {
    "dataset": "cifar10 (default), any TFDS image data set, folder:PATH of PNG or JPEG images, or dead_leaves",
    "data_dir": "where TFDS keeps its data sets (default: TFDS_DATA_DIR or ~/tensorflow_datasets)",
    "steps": "generator updates (default: the model's)",
    "batch_size": "images of one update (default: the model's; 64 for most)",
    "seed": "of the weights, the order of the data and everything drawn (default: 0)",
    "critic": f"network of the critic or discriminator: {', '.join(CHOICES['critic'])}",
    "bottleneck": "features between encoder and decoder (default: 512)",
    "hole": "side of the hole in pixels (default: a quarter of the image)",
    "precision": f"{', '.join(CHOICES['precision'])}; auto takes 16 bits where the machine computes with them",
    "jit": "XLA: auto (on a GPU), on or off",
}

DENSITY_VALIDATION = 1_000  # images: the likelihood of a whole image costs as much as a training step's


def parse(argv):
    """The command line as (config, workdir, arguments). A resumed run keeps its settings unless given anew."""
    parser = Parser(description=__doc__)
    parser.add_argument("--model", metavar="NAME", help=f"one of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--list-models", action="store_true", help="print the models and exit")
    parser.add_argument("--workdir", metavar="DIR", help="default: runs/NAME")
    for name, text in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=name.upper(), help=text)
    settings_help = "change any field of Config, in inpainting/experiments.py; can be repeated"
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help=settings_help)
    parser.add_argument("--deterministic", action="store_true", help="the same bits in every run (slower)")
    parser.add_argument("--resume", action="store_true", help="continue the run in the work directory")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in the work directory")
    arguments = parser.parse_args(argv)
    if arguments.list_models:
        list_models()
        sys.exit(0)
    if not arguments.model:
        parser.error(f"--model is required: one of {', '.join(EXPERIMENTS)}")
    if arguments.resume and arguments.overwrite:
        parser.error("--resume continues a run and --overwrite replaces it: give one of them")
    settings = {name: getattr(arguments, name) for name in FLAGS if getattr(arguments, name) is not None}
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not equals:
            parser.error(f"--set {text}: write --set FIELD=VALUE")
        settings[name] = value
    if arguments.deterministic:
        settings["deterministic"] = "true"
    workdir = Workdir(arguments.workdir or f"runs/{arguments.model}")
    config = experiment(arguments.model)
    if arguments.resume:
        config = workdir.resumable_config(arguments.model)
    return resolved(with_settings(config, settings)), workdir, arguments


def list_models():
    """Prints a table of the models: name, family, parameters, what it is, section of the paper."""
    import_tensorflow()
    from models import build_critic, build_generator, trainable_parameters

    @cache
    def generator_size(name):
        return f"{trainable_parameters(build_generator(resolved(experiment(name)))):,}"

    rows = [("name", "family", "parameters", "what it is", "paper's section")]
    for name in EXPERIMENTS:
        config = resolved(experiment(name))
        method = METHODS[config.method]
        if config.method == "density":
            parameters, what = generator_size(name), f"{name.replace('_', ' ')} {method.text}"
        else:  # the generator is the same whichever method trains it
            parameters, what = generator_size(f"{config.encoder}_l2"), f"{config.encoder} encoder {method.text}"
        if method.adversary:
            parameters += f" + {trainable_parameters(build_critic(config)):,}"
        rows.append((name, method.family, parameters, what, method.section))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def train(config, workdir, *, resume=False, overwrite=False):
    """Trains `config`, a resolved Config, in `workdir`. Returns 0, or 128 + the signal that stopped it."""
    workdir.check(config, resume=resume, overwrite=overwrite)
    import_tensorflow()
    import tensorflow as tf
    from tensorflow import keras

    from inpainting.callbacks import Checkpointing, Journal, Monitor, Validation
    from inpainting.trainers import learning_rate_schedule
    from pipelines import datasets
    from pipelines.inpainting import evaluation_batches, training_batches

    keras.utils.set_random_seed(config.seed)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    print(f"loading {config.dataset}", flush=True)
    source = {"image_size": config.image_size, "data_dir": config.data_dir}
    images = datasets.load(config.dataset, "train", **source)
    held_out = datasets.load(config.dataset, "validation", **source)
    datasets.check_batch_size(images, config.batch_size)

    trainer = make_trainer(config)
    progress = {"best": None, "best_step": None, "stale": 0, "stopped": False, "keras": keras_line()}
    if resume:
        progress = restore_run(trainer, workdir, METHODS[config.method].criterion)
        progress["stopped"] = progress["stale"] >= config.patience
    start = int(trainer.step.numpy())
    workdir.create(config, overwrite=overwrite)
    print(f"{images.count:,} training images, {held_out.count:,} for validation", flush=True)

    masking = {"mask": config.mask, "hole": config.hole, "fill": config.fill}
    validation = evaluation_batches(held_out, **masking)
    if config.method == "density":
        validation = validation.unbatch().take(DENSITY_VALIDATION).batch(LIKELIHOOD_BATCH)
    journal = Journal(workdir, step=start, config=config)
    monitor = Monitor(config=config, journal=journal, start=start, schedule=learning_rate_schedule(config))
    shared = {"config": config, "workdir": workdir, "progress": progress, "monitor": monitor}
    checkpointing = Checkpointing(**shared)
    callbacks = [monitor, Validation(batches=validation, journal=journal, **shared), checkpointing]
    for phase_start, end, batches_per_step in config.phases:
        first = max(phase_start, monitor.done)
        if first >= end or checkpointing.signal or progress["stopped"]:
            continue
        batches = training_batches(
            images,
            seed=config.seed,
            batch_size=config.batch_size,
            batches_per_step=batches_per_step,
            start=first,
            first_batch=config.batches_until(first),
            augmentations=config.augmentations,
            **masking,
        )
        if first and images.decoded is None:
            print("the images are streamed from disk: the epoch starts over")
        if batches_per_step > 1:
            print(f"the {config.adversary} trains from step {phase_start} on", flush=True)
        trainer.begin_phase(first)
        try:
            trainer.fit(batches, steps_per_epoch=end - first, callbacks=callbacks, shuffle=False, verbose=0)
        finally:
            checkpointing.restore_signals()
        if monitor.done == first:
            raise InputError(f"none of the images of {config.dataset} could be read: see the lines above")
    if checkpointing.signal:
        checkpointing.save()
        command = f"python train.py --model {config.model} --workdir {workdir.path} --resume"
        print(f"stopped at step {monitor.done}: continue with {command}")
        return 128 + checkpointing.signal
    if progress["stopped"]:
        print(f"stopped early at step {monitor.done}: --set patience=N with --resume goes on")
    export_best(config, workdir)
    return 0


def make_trainer(config):
    """Networks and trainer of a config, for this machine; prints the choices that were left to it."""
    from inpainting import hardware
    from inpainting.trainers import build_trainer
    from models import build_critic, build_generator, trainable_parameters

    precision, why_precision = hardware.precision(config.precision)
    density = config.method == "density"
    jit, why_jit = hardware.jit(config.jit, deterministic=config.deterministic, density=density)
    with hardware.dtype_policy(precision):
        generator = build_generator(config)
        adversary = build_critic(config) if config.adversary else None
    with hardware.dtype_policy("float32"):
        ema_generator = build_generator(config)
    sizes = {"generator": generator, config.adversary: adversary}
    sizes = [f"{name} {trainable_parameters(network):,}" for name, network in sizes.items() if network]
    print(f"{config.model}, parameters: {', '.join(sizes)}")
    print(f"precision {precision} ({why_precision}), XLA {'on' if jit else 'off'} ({why_jit})")
    loss_scale = 1024.0 if precision == "mixed_float16" else 1.0
    return build_trainer(
        config,
        generator=generator,
        ema_generator=ema_generator,
        adversary=adversary,
        jit=jit,
        loss_scale=loss_scale,
    )


def keras_line():
    """The Keras line, 2 or 3: an optimizer's variables resume only on the line that saved them."""
    from tensorflow import keras

    return int(getattr(keras, "__version__", "2").split(".")[0])


def restore_run(trainer, workdir, criterion):
    """Puts the last checkpoint's state into the trainer and returns the run's progress."""
    from inpainting import checkpoints

    groups, progress = checkpoints.load(workdir.last)
    if progress["keras"] != keras_line():
        raise InputError(
            f"{workdir.path} was trained with Keras {progress['keras']}, this is Keras {keras_line()}: resume "
            "it with the Python it was started with"
        )
    checkpoints.restore(groups, trainer.state(), workdir.last)
    best = "none yet" if progress["best"] is None else f"{progress['best']:.5f} at step {progress['best_step']}"
    print(
        f"resumed at step {int(trainer.step.numpy())}: {', '.join(groups)}; best validation {criterion} {best}"
    )
    return progress


def export_best(config, workdir):
    """Exports the averaged weights of the best checkpoint; of the last one where none was validated."""
    from inpainting.export import export

    generator, progress = load_generator(config, workdir)
    export(generator, workdir.saved_model, config)
    if progress["best"] is not None:
        criterion = METHODS[config.method].criterion
        print(f"best validation {criterion} {progress['best']:.5f} at step {progress['best_step']}")
    print(f"exported to {workdir.saved_model}\nevaluate with: python evaluate.py {workdir.path} --baselines")


def main(argv):
    config, workdir, arguments = parse(argv)
    return train(config, workdir, resume=arguments.resume, overwrite=arguments.overwrite)


if __name__ == "__main__":
    run_program(main)
