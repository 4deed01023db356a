"""The trainer of a configuration. A new method is a trainer in its own file and a line in TRAINERS."""

from functools import partial

from tensorflow import keras

from inpainting.training import hardware
from inpainting.training.autoencoder import AutoencoderTrainer
from inpainting.training.dcgan import DCGANTrainer
from inpainting.training.density import DensityTrainer
from inpainting.training.optimizers import Adam
from inpainting.training.wgan import WGANTrainer
from models import build_adversary, build_generator, trainable_parameters

TRAINERS = {
    "l2": AutoencoderTrainer,
    "dcgan": DCGANTrainer,
    "wgan": WGANTrainer,
    "pixel_likelihood": DensityTrainer,
    "image_likelihood": DensityTrainer,
    "hole_likelihood": DensityTrainer,
}

FLOOR = 0.05  # of the learning rate, at the end
FLOAT16_LOSS_SCALE = 1024.0


def learning_rate_schedule(learning_rate, *, steps, warmup):
    """Linear warm-up to the learning rate, then cosine decay to FLOOR of it at the last step (section 7.1)."""
    # Deviation: section 7.1 decays the learning rate, but names no schedule.
    warmup = min(warmup, steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, alpha=FLOOR, warmup_target=learning_rate, warmup_steps=warmup
    )


def generator_schedules(config):
    """The generator's learning rate by the number of its updates, a schedule for each optimizer it has.

    After a phase of L2, an adversarial method has an optimizer of its own for what follows.
    """
    method, training = config.method, config.training
    first, last = config.phases[0], config.phases[-1]
    schedule = partial(learning_rate_schedule, warmup=training.learning_rate_warmup)
    if first.trains == last.trains:
        return {"generator_optimizer": schedule(training.learning_rate, steps=training.steps)}
    return {
        "generator_optimizer": schedule(training.learning_rate, steps=first.end),
        "finetuning_optimizer": schedule(method.generator_learning_rate, steps=last.end - last.start),
    }


def build_trainer(config):
    """Networks and compiled trainer of a Config, for this machine; prints the choices that were left to it."""
    method, training = config.method, config.training
    precision, why_precision = hardware.precision(training.precision)
    density = method.family == "density"
    jit, why_jit = hardware.jit(training.jit, deterministic=training.deterministic, density=density)
    with hardware.dtype_policy(precision):
        networks = {"generator": build_generator(config)}
        if method.adversary:
            networks["adversary"] = build_adversary(config)
    with hardware.dtype_policy("float32"):
        networks["ema_generator"] = build_generator(config)
    sizes = {"generator": networks["generator"], method.adversary: networks.get("adversary")}
    sizes = [f"{name} {trainable_parameters(network):,}" for name, network in sizes.items() if network]
    print(f"{config.model}, parameters: {', '.join(sizes)}")
    print(f"precision {precision} ({why_precision}), XLA {'on' if jit else 'off'} ({why_jit})")

    trainer_class = TRAINERS[method.kind]
    settings = {name: getattr(training, name) for name in ("ema_decay", "l2_regularization", "seed")}
    settings["loss_scale"] = FLOAT16_LOSS_SCALE if precision == "mixed_float16" else 1.0
    betas = {"finetuning_optimizer": 0.0}  # against an adversary that moves, momentum overshoots
    optimizers = {
        name: Adam(schedule, beta_1=betas.get(name, 0.9), global_clipnorm=training.global_clipnorm)
        for name, schedule in generator_schedules(config).items()
    }
    if method.adversary:
        settings["seen"] = config.seen
        optimizers["adversary_optimizer"] = trainer_class.optimizer_of_adversary(method)
    trainer = trainer_class(**networks, **settings, **method.arguments())
    trainer.compile(**optimizers, jit_compile=jit)
    return trainer
