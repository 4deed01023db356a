"""One run, from the data to the exported model."""

import tensorflow as tf
from tensorflow import keras

from inpainting import checkpoints
from inpainting.errors import InputError
from inpainting.filling.export import export
from inpainting.filling.fillers import load_fillers
from inpainting.measuring.measure import LIKELIHOOD_BATCH
from inpainting.pretrained import average
from inpainting.training import hardware
from inpainting.training.build import build_trainer
from inpainting.training.callbacks import Checkpointing, Journal, Monitor, Validation
from inpainting.variables import weights_of
from pipelines import datasets
from pipelines.inpainting import evaluation_batches, training_batches

DENSITY_VALIDATION = 1_000  # images: the likelihood of a whole image costs as much as a training step's


def run(config, workdir, *, initial=None, resume=False, overwrite=False):
    """Trains `config` in `workdir`, which has been checked. Returns 0, or 128 + the signal that stopped it.

    initial: the Workdir of another run, or of published weights, whose weights this one starts from.
    """
    data, training = config.data, config.training
    keras.utils.set_random_seed(training.seed)
    if training.deterministic:
        tf.config.experimental.enable_op_determinism()
    print(f"loading {data.dataset}", flush=True)
    source = {"image_size": data.image_size, "data_dir": data.data_dir}
    images = datasets.load(data.dataset, "train", **source)
    held_out = datasets.load(data.dataset, "validation", **source)
    datasets.check_batch_size(images, training.batch_size)

    trainer = build_trainer(config)
    progress = {"best": None, "best_step": None, "stale": 0, "stopped": False, "keras": keras_line()}
    progress |= {"initial": str(initial.path) if initial else None, "machine": hardware.machine()}
    if initial:
        start_from(trainer, initial)
    if resume:
        progress |= restore(trainer, workdir, config.method.criterion)
        progress["stopped"] = progress["stale"] >= training.patience
    workdir.create(config, overwrite=overwrite)
    print(f"{images.count:,} training images, {held_out.count:,} for validation", flush=True)

    done, signal = fit(trainer, config, images, held_out, workdir=workdir, progress=progress)
    if signal:
        command = f"python train.py --model {config.model} --workdir {workdir.path} --resume"
        print(f"stopped at step {done}: continue with {command}")
        return 128 + signal
    if progress["stopped"]:
        print(f"stopped early at step {done}: --set patience=N with --resume goes on")
    export_best(config, workdir)
    return 0


def fit(trainer, config, images, held_out, *, workdir, progress):
    """Trains phase by phase. Returns the steps done, and the signal that stopped it or None."""
    data, training = config.data, config.training
    validation = evaluation_batches(held_out, **data.masking)
    if config.method.family == "density":
        validation = validation.unbatch().take(DENSITY_VALIDATION).batch(LIKELIHOOD_BATCH)
    start = int(trainer.step.numpy())
    journal = Journal(workdir, step=start, config=config)
    monitor = Monitor(config=config, journal=journal, start=start)
    shared = {"config": config, "workdir": workdir, "progress": progress, "monitor": monitor}
    checkpointing = Checkpointing(**shared)
    callbacks = [monitor, Validation(batches=validation, journal=journal, **shared), checkpointing]
    for phase in config.phases:
        first = max(phase.start, monitor.done)
        if first >= phase.end or checkpointing.signal or progress["stopped"]:
            continue
        batches = training_batches(
            images,
            seed=training.seed,
            batch_size=training.batch_size,
            batches_per_step=phase.batches_per_step,
            start=first,
            first_batch=config.batches_until(first),
            augmentations=data.augmentations if phase.trains == "generator" else data.movements,
            **data.masking,
        )
        if first and images.decoded is None:
            print("the images are streamed from disk: the epoch starts over")
        if phase.trains != "generator":
            joins = "trains alone" if phase.trains == "adversary" else "and the generator train"
            print(f"the {config.method.adversary} {joins} from step {phase.start} on", flush=True)
        trainer.begin_phase(phase)
        try:
            trainer.fit(
                batches, steps_per_epoch=phase.end - first, callbacks=callbacks, shuffle=False, verbose=0
            )
        finally:
            checkpointing.restore_signals()
        if monitor.done == first:
            raise InputError(f"none of the images of {data.dataset} could be read: see the lines above")
    if checkpointing.signal:
        checkpointing.save()
    return monitor.done, checkpointing.signal


def start_from(trainer, initial):
    """Gives the generator, and its average, the averaged weights of another run or published ones."""
    weights, _, path = average(initial)
    networks = {"generator": trainer.generator, "ema_generator": trainer.ema_generator}
    state = {name: weights_of(network) for name, network in networks.items()}
    checkpoints.restore(dict.fromkeys(state, weights), state, path)
    print(f"starts from the averaged weights of {path}")


def keras_line():
    """The Keras line, 2 or 3: an optimizer's variables resume only on the line that saved them."""
    return int(getattr(keras, "__version__", "2").split(".")[0])


def restore(trainer, workdir, criterion):
    """Puts the last checkpoint's state into the trainer and returns the run's progress."""
    groups, progress = checkpoints.load(workdir.last)
    if progress["keras"] != keras_line():
        raise InputError(
            f"{workdir.path} was trained with Keras {progress['keras']}, this is Keras {keras_line()}: resume "
            "it with the Python it was started with"
        )
    # A run of an earlier version has not all of them: what it lacks starts anew.
    state = {name: variables for name, variables in trainer.state().items() if name in groups}
    checkpoints.restore(groups, state, workdir.last)
    print(f"resumed at step {int(trainer.step.numpy())}: {', '.join(groups)}; {best_line(progress, criterion)}")
    return progress


def best_line(progress, criterion):
    if progress["best"] is None:
        return f"best validation {criterion} none yet"
    return f"best validation {criterion} {progress['best']:.5f} at step {progress['best_step']}"


def export_best(config, workdir):
    """Exports the averaged weights of the best checkpoint; of the last one where none was validated."""
    fillers, progress = load_fillers(workdir)
    export(fillers, workdir.saved_model)
    if progress["best"] is not None:
        print(best_line(progress, config.method.criterion))
    print(f"exported to {workdir.saved_model}\nevaluate with: python evaluate.py {workdir.path} --baselines")
