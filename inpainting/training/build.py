"""The trainer of a configuration. A new method is a trainer in its own file and a line in TRAINERS."""

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

FLOOR = 0.05  # of the learning rate, at the end: a WGAN's critic joins late, and its generator must still move
FLOAT16_LOSS_SCALE = 1024.0


def learning_rate_schedule(training):
    """Linear warm-up to the learning rate, then cosine decay to FLOOR of it at the last step (section 7.1)."""
    # Deviation: section 7.1 decays the learning rate, but names no schedule.
    warmup = min(training.learning_rate_warmup, training.steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.0, training.steps - warmup, alpha=FLOOR, warmup_target=training.learning_rate, warmup_steps=warmup
    )


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
    generator_optimizer = Adam(learning_rate_schedule(training), global_clipnorm=training.global_clipnorm)
    optimizers = {"generator_optimizer": generator_optimizer}
    if method.adversary:
        settings["hole"] = config.data.hole
        optimizers["adversary_optimizer"] = trainer_class.adversary_optimizer_at(method.adversary_learning_rate)
    trainer = trainer_class(**networks, **settings, **method.arguments())
    trainer.compile(**optimizers, jit_compile=jit)
    return trainer
