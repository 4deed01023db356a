"""What happens between the steps: logs, validation, samples, checkpoints, and stopping.

Each is called with the number of the run's steps that are done, at every one at which something is due. All
intervals count the run's own steps, so that a resumed run does the same things at the same steps.
"""

import math
import sys
import time

from inpainting import checkpoints
from inpainting.masks import composite
from inpainting.measuring import figures

SAMPLES = 8


def next_event(training, step):
    """The first step after `step` at which something is due, of a Training's intervals and its end."""
    intervals = (training.log_every, training.validate_every, training.checkpoint_every)
    return min(training.steps, *(step - step % every + every for every in intervals))


class Monitor:
    """Every `log_every` steps: the means since the last time to the journal, and a line of progress.

    A value that has not been finite raises FloatingPointError. journal: None in a worker that is not the chief.
    """

    def __init__(self, *, trainer, config, journal):
        self.trainer = trainer
        self.config = config
        self.journal = journal
        self.terminal = sys.stdout.isatty()
        self.balance = Balance()

    def begin(self, step):
        """Starts the means and the clock anew."""
        self.trainer.means.reset()
        self.marked_step, self.marked_time = step, time.perf_counter()

    def __call__(self, step):
        means = self.trainer.means
        state = means.total()
        logs = {name: float(value) for name, value in means.of(self.trainer.reported, state).items()}
        bad = [name for name, value in logs.items() if not math.isfinite(value)]
        if bad:
            first = self.marked_step + means.finite_steps(state) + 1
            raise FloatingPointError(f"{bad[0]} is not finite at step {first}")
        if step % self.config.training.log_every == 0 or step == self.config.training.steps:
            if self.journal:
                self._log(step, logs)
            self.begin(step)

    def pause(self, seconds):
        """Leaves so many seconds of validation or writing out of the speed."""
        self.marked_time += seconds

    def _log(self, step, logs):
        config, training = self.config, self.config.training
        batches = config.batches_until(step) - config.batches_until(self.marked_step)
        speed = batches * training.batch_size / (time.perf_counter() - self.marked_time)
        left = (config.batches_until(training.steps) - config.batches_until(step)) * training.batch_size
        rates = {"learning_rate": self.trainer.current_optimizer.rate(), "images_per_second": speed}
        self.journal.scalars(step, {**logs, **rates})
        losses = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        line = f"step {step}/{training.steps}  {losses}  {speed:.0f} images/s  {_clock(left / speed)} left"
        print(f"\r\033[K{line}" if self.terminal else line, end="" if self.terminal else "\n", flush=True)
        warning = self.balance.judge(logs)
        if warning:
            print(f"\nwarning at step {step}: {warning}", flush=True)


class Balance:
    """Sees from the logged means when generator or adversary has had the upper hand for long."""

    LONG = 10  # logged means in a row

    def __init__(self):
        self.verdict, self.count = None, 0

    def judge(self, logs):
        """A warning every LONG times in a row that the logs tell the same, or None."""
        verdict = self._verdict(logs)
        self.count = self.count + 1 if verdict == self.verdict else 1
        self.verdict = verdict
        return verdict if self.count % self.LONG == 0 else None

    @staticmethod
    def _verdict(logs):
        accuracy = logs.get("discriminator_accuracy")
        if accuracy is not None and accuracy > 0.98:
            return (
                "the discriminator is right more than 98 % of the time: it overpowers the generator; try a "
                "lower adversary_learning_rate, more label_flips, or a higher alpha"
            )
        if accuracy is not None and accuracy < 0.52:
            return (
                "the discriminator is right less than 52 % of the time, hardly more than by chance: it has "
                "stopped learning; try a higher adversary_learning_rate"
            )
        if logs.get("wasserstein_estimate", 1.0) <= 0:
            return (
                "the critic scores completions no lower than real images: it does not keep up; try more "
                "critic_steps"
            )
        return None


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class Validation:
    """Every `validate_every` steps: metrics of the averaged weights, samples, the best checkpoint, early stop.

    The best is the lowest criterion of the method on the validation split. The config's settling_steps do not
    compete: what is kept is a model of the method that was asked for.
    """

    def __init__(self, *, trainer, config, journal, batches, workdir, progress, monitor):
        self.trainer = trainer
        self.config = config
        self.criterion = config.method.criterion
        self.journal = journal
        self.batches = batches
        self.samples = next(iter(batches.unbatch().batch(SAMPLES)))
        self.workdir = workdir
        self.progress = progress
        self.monitor = monitor

    def __call__(self, step):
        if step % self.config.training.validate_every and step != self.config.training.steps:
            return
        began = time.perf_counter()
        values = self.trainer.evaluate(self.batches)
        value = self.config.method.judge(values, self.progress.get("l2_error"))
        values[self.criterion] = value
        self.journal.scalars(step, {f"validation_{name}": value for name, value in values.items()})
        self.journal.picture(step, self.picture())
        verdict = self._judge(step, value)
        text = "  ".join(f"{name} {values[name]:.5g}" for name in self.config.method.judged)
        print(f"\nvalidation at step {step}: {text} ({verdict})", flush=True)
        self.monitor.pause(time.perf_counter() - began)

    def picture(self):
        """context | completion | truth of the fixed samples, uint8 [height, width, 3]."""
        context, mask, image = (self.samples[key] for key in ("context", "mask", "image"))
        completed = composite(mask, self.trainer([context, mask]), image)
        return figures.strip(context, completed, image)

    def _judge(self, step, value):
        progress = self.progress
        if step <= self.config.settling_steps:
            return "too early to be chosen"
        if progress["best"] is None or value < progress["best"]:
            progress.update(best=value, best_step=step, stale=0)
            checkpoints.save(self.workdir.best, self.trainer.state(), progress)
            return "the best so far"
        progress["stale"] += 1
        if progress["stale"] >= self.config.training.patience:
            progress["stopped"] = True
            return f"no better for {progress['stale']} validations: stopping early"
        return f"best {progress['best']:.5f} at step {progress['best_step']}"


class Checkpointing:
    """Saves the run every `checkpoint_every` steps, at its end, and when it is stopped.

    stop: an inpainting.signals.Stop. Comes after Validation, whose state it saves.
    """

    def __init__(self, *, trainer, config, workdir, progress, monitor, stop):
        self.trainer = trainer
        self.config = config
        self.workdir = workdir
        self.progress = progress
        self.monitor = monitor
        self.stop = stop
        self.saved = None  # the step

    def __call__(self, step):
        training = self.config.training
        due = step % training.checkpoint_every == 0 or step == training.steps
        if due or self.progress["stopped"] or self.stop.number:
            began = time.perf_counter()
            self.save(step)
            self.monitor.pause(time.perf_counter() - began)

    def save(self, step):
        """Writes last.npz, unless it is of this step already."""
        if self.saved != step:
            checkpoints.save(self.workdir.last, self.trainer.state(), self.progress)
            self.saved = step
