"""One run, from the data to the exported model."""

import signal
import sys

import tensorflow as tf
from tensorflow import keras

from inpainting import checkpoints
from inpainting.errors import InputError
from inpainting.files import in_utf8
from inpainting.filling.export import export
from inpainting.filling.fillers import load_fillers
from inpainting.measuring.measure import LIKELIHOOD_BATCH
from inpainting.pretrained import average
from inpainting.signals import Stop, handled_by
from inpainting.training import distribution, hardware
from inpainting.training.build import build_trainer
from inpainting.training.callbacks import Checkpointing, Monitor, Validation, next_event
from inpainting.training.distribution import Agreement
from inpainting.training.journal import Journal
from inpainting.training.loop import Loop
from inpainting.training.profile import Profile
from inpainting.training.schedules import rise_to
from inpainting.variables import weights_of
from pipelines import datasets, file_list, folders
from pipelines.inpainting import evaluation_batches, training_batches
from pipelines.streams import check, reading

DENSITY_VALIDATION = 1_000  # images: the likelihood of a whole image costs as much as a training step's


def run(config, workdir, *, workers, devices=None, **how):
    """Trains `config` in `workdir`, which has been checked. Returns 0, or 128 + the signal that stopped it.

    What has been trained is exported even where nobody reads the output any more: then nothing hurries.
    workers, devices: of distribution.strategy. how: `initial`, `resume`, `overwrite`, `profile` of train.py's
    `train`.
    """
    strategy = distribution.strategy(workers, devices)
    distribution.check_batch_size(strategy, config.training.batch_size)
    with distribution.among(workers):
        with handled_by(Stop()) as stop:
            done = load_and_train(config, workdir, stop, workers=workers, strategy=strategy, **how)
        if workers.is_chief and stop.number in (None, signal.SIGPIPE):
            export_best(config, workdir)
        if workers.several:
            Agreement(strategy, stop, {"stopped": False}).wait()
        exported = stop.number == signal.SIGPIPE and done == config.training.steps
        if stop.number and not exported:
            command = f"python train.py --model {config.model} --workdir {workdir.path} --resume"
            go_on = "continue" if done < config.training.steps else "export what has been trained"
            stream = sys.stderr if stop.number == signal.SIGPIPE else sys.stdout
            print(f"stopped at step {done}: {go_on} with {command}", file=stream)
    return 128 + stop.number if stop.number else 0


def load_and_train(config, workdir, stop, *, workers, strategy, initial, resume, overwrite, profile):
    """All of a run but its export. Returns the steps done."""
    data, training = config.data, config.training
    keras.utils.set_random_seed(training.seed)
    if training.deterministic:
        tf.config.experimental.enable_op_determinism()
    print(f"loading {data.dataset}", flush=True)
    source = data.source
    if not resume:
        source["or_else"] = ", or train on the embedded images: --dataset dead_leaves"
    folder = source["folder"] = folders.of(data.dataset)
    if folder:
        print(folder.summary)
        files = file_list.resumed(folder, workdir.files) if resume else file_list.of(folder)
        for split in folder.splits:
            folder.first(split)
    images = datasets.load(data.dataset, "train", **source)
    held_out = datasets.load(data.dataset, "validation", **source)
    datasets.check_batch_size(images, training.batch_size)

    if workers.is_chief:
        workdir.claim(config, resume=resume, overwrite=overwrite)
    progress = {
        "best": None,
        "best_step": None,
        "stale": 0,
        "stopped": False,
        "keras": keras_line(),
        "rise": None,
        "l2_error": None,
        "initial": str(initial.path) if initial else None,
        "machine": hardware.machine(),
    }
    with strategy.scope():
        if resume:
            trainer, saved = resumed(config, workdir)
            progress |= saved
        else:
            trainer = build_trainer(config)
            if initial:
                start_from(trainer, initial)
    if profile:
        start = int(trainer.step.numpy())
        profile = Profile(workdir.tensorboard, start=start, steps=profile, end=training.steps)
    progress["steps"] = training.steps
    stop.at_once = False
    if workers.is_chief:
        workdir.create(config, overwrite=overwrite)
        if folder:
            files.write(workdir.files)
    print(f"{images.count:,} training images, {held_out.count:,} for validation", flush=True)

    try:
        shared = {"workdir": workdir, "workers": workers, "progress": progress, "stop": stop}
        done = fit(trainer, config, images, held_out, profile=profile, **shared)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise MemoryError(
            f"--resume goes on where there is more of it, --overwrite with a smaller --batch-size than "
            f"{training.batch_size} starts over"
        ) from error
    if progress["stopped"]:
        print(f"stopped early at step {done}: --set patience=N with --resume goes on")
    return done


def fit(trainer, config, images, held_out, *, workdir, workers, progress, stop, profile=None):
    """Trains phase by phase until the end, or until `stop` is asked for. Returns the steps done."""
    data, training = config.data, config.training
    validation = evaluation_batches(held_out, **data.masking)
    if config.method.family == "density":
        validation = validation.unbatch().take(DENSITY_VALIDATION).batch(LIKELIHOOD_BATCH)
    done = int(trainer.step.numpy())
    journal = Journal(workdir, step=done, config=config) if workers.is_chief else None
    monitor = Monitor(trainer=trainer, config=config, journal=journal)
    shared = {"trainer": trainer, "config": config, "workdir": workdir, "progress": progress}
    shared["monitor"] = monitor
    ending = Agreement(trainer.strategy, stop, progress) if workers.several else stop
    checkpointing = Checkpointing(**shared, stop=ending)
    events = [monitor]
    if workers.is_chief:
        with reading(held_out):
            events.append(Validation(batches=validation, journal=journal, **shared))
    if workers.several:
        events.append(ending)
    if workers.is_chief:
        events.append(checkpointing)
    for phase in config.phases:
        first = max(phase.start, done)
        if first >= phase.end or ending.number or progress["stopped"]:
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
        if phase.trains != "generator":
            joins = "trains alone" if phase.trains == "adversary" else "and the generator train"
            print(f"the {config.method.adversary} {joins} from step {phase.start} on", flush=True)
        trainer.begin_phase(phase)
        try:
            with reading(images, held_out):
                if phase.trains == "adversary" and first == phase.start and workers.is_chief:
                    progress["l2_error"] = trainer.evaluate(validation)["hole_mse"]
                loop = Loop(trainer, batches)
                monitor.begin(first)
                while done < phase.end and not (ending.number or progress["stopped"]):
                    until = min(next_event(training, done), phase.end)
                    while done < until and not ending.number:
                        if profile and workers.is_chief:
                            profile.step(loop, done)
                        else:
                            loop.step()
                        done += 1
                        check(images)
                    for event in events:
                        event(done)
        except InputError as error:
            if not (images.explain(None) or held_out.explain(None)):  # in the middle of a step
                raise
            if workers.is_chief:
                checkpointing.save(done)
            raise InputError(f"{error}; saved at step {done}: then continue with --resume") from error
        except tf.errors.OpError:
            if not stop.number:  # at which a stream stops looking for readable pictures
                raise
    if ending.number and workers.is_chief:
        checkpointing.save(done)
    return done


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


def resumed(config, workdir):
    """The trainer as the last checkpoint has it, and the run's progress."""
    training = config.training
    groups, progress = checkpoints.load(workdir.last)
    if progress["keras"] != keras_line():
        raise InputError(
            f"{workdir.path} was trained with Keras {progress['keras']}, this is Keras {keras_line()}: resume "
            "it with the Python it was started with"
        )
    step, before = int(groups["step"][0]), progress.get("rise")
    steps_before = progress.get("steps", workdir.read_config().training.steps)  # not there in 0.1.0
    progress["rise"] = rise = rise_to(config, step=step, steps_before=steps_before, rise=before)
    progress["stopped"] = progress["stale"] >= training.patience
    trainer = build_trainer(config, rise)
    # A run of an earlier version has not all of them: what it lacks starts anew.
    state = {name: variables for name, variables in trainer.state().items() if name in groups}
    checkpoints.restore(groups, state, workdir.last)
    best = best_line(progress, config.method.criterion)
    print(f"resumed at step {step}: {', '.join(groups)}; {best}")
    if rise and rise != before:
        print(
            f"the learning rate rises from {rise['rate']:.3g} to the schedule of {training.steps} steps over "
            f"{rise['steps']} steps"
        )
    return trainer, progress


def best_line(progress, criterion):
    if progress["best"] is None:
        return f"best validation {criterion} none yet"
    return f"best validation {criterion} {progress['best']:.5f} at step {progress['best_step']}"


def export_best(config, workdir):
    """Exports the averaged weights of the best checkpoint; of the last one where none was validated."""
    fillers, progress = load_fillers(workdir)
    path = workdir.saved_model / export(fillers, in_utf8(workdir.saved_model)).name
    if progress["best"] is not None:
        print(best_line(progress, config.method.criterion))
    print(f"exported to {path}\nevaluate with: python evaluate.py {workdir.path} --baselines")
