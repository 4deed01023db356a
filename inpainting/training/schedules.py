"""The generator's learning rate over a run (section 7.1)."""

from functools import partial

import tensorflow as tf
from tensorflow import keras

FLOOR = 0.05  # of the learning rate, at the end


class Rise(keras.optimizers.schedules.LearningRateSchedule):
    """From `start` on, over so many steps, from a rate to that of another schedule."""

    def __init__(self, schedule, *, start, rate, steps):
        self.schedule, self.start, self.rate, self.steps = schedule, start, rate, steps

    def __call__(self, step):
        share = tf.clip_by_value((tf.cast(step, tf.float32) - self.start) / self.steps, 0.0, 1.0)
        return self.rate + share * (self.schedule(step) - self.rate)


def learning_rate_schedule(learning_rate, *, steps, warmup):
    """Linear warm-up to the learning rate, then cosine decay to FLOOR of it at the last step."""
    # Deviation: section 7.1 decays the learning rate, but names no schedule.
    warmup = min(warmup, steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, alpha=FLOOR, warmup_target=learning_rate, warmup_steps=warmup
    )


def generator_schedules(config, rise=None):
    """The generator's learning rate by the number of updates, a schedule for each optimizer it has: name -> it.

    After a phase of L2, an adversarial method has an optimizer of its own for what follows. rise: a dict of the
    last one's Rise, of a run that was given more steps when it resumed.
    """
    method, training = config.method, config.training
    first, last = config.phases[0], config.phases[-1]
    schedule = partial(learning_rate_schedule, warmup=training.learning_rate_warmup)
    if first.trains == last.trains:
        schedules = {"generator_optimizer": schedule(training.learning_rate, steps=training.steps)}
    else:
        schedules = {
            "generator_optimizer": schedule(training.learning_rate, steps=max(first.end, 1)),
            "finetuning_optimizer": schedule(method.generator_learning_rate, steps=last.end - last.start),
        }
    if rise:
        name = list(schedules)[-1]
        schedules[name] = Rise(schedules[name], **rise)
    return schedules


def rise_to(config, *, step, steps_before, rise=None):
    """The rise that a run needs which resumes at `step` and had `steps_before` until then, or None.

    Without one, the learning rate of a finished run would leap from its least to the new schedule's. rise: the
    one that was under way.
    """
    training = config.training
    if training.steps == steps_before:
        return rise
    before = config.model_copy(update={"training": training.model_copy(update={"steps": steps_before})})
    name = list(generator_schedules(config))[-1]
    start = step - (config.phases[-1].start if name == "finetuning_optimizer" else 0)
    steps = min(training.learning_rate_warmup, training.steps - step)
    if start <= 0 or steps <= 0:
        return None
    rate = float(generator_schedules(before, rise)[name](start))
    if float(generator_schedules(config)[name](start)) <= rate:
        return None
    return {"start": start, "rate": rate, "steps": steps}
