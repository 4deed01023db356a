"""The trainer of a configuration. A new method is a trainer in its own file and a line in TRAINERS."""

import tensorflow as tf

from inpainting.training import hardware
from inpainting.training.autoencoder import AutoencoderTrainer
from inpainting.training.dcgan import DCGANTrainer
from inpainting.training.density import DensityTrainer
from inpainting.training.optimizers import Adam
from inpainting.training.schedules import generator_schedules
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


def build_trainer(config, rise=None):
    """Networks and compiled trainer of a Config, for this machine; prints the choices that were left to it.

    rise: of schedules.generator_schedules.
    """
    method, training = config.method, config.training
    precision, why_precision = hardware.precision(training.precision)
    density = method.family == "density"
    devices = tf.distribute.get_strategy().num_replicas_in_sync
    jit, why_jit = hardware.jit(
        training.jit, deterministic=training.deterministic, density=density, devices=devices
    )
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
    if devices > 1:
        print(f"{devices} devices, each with {training.batch_size // devices} images of a batch")

    trainer_class = TRAINERS[method.kind]
    settings = {name: getattr(training, name) for name in ("ema_decay", "l2_regularization", "seed")}
    betas = {"finetuning_optimizer": 0.0}  # against an adversary that moves, momentum overshoots
    optimizers = {
        name: Adam(schedule, beta_1=betas.get(name, 0.9), global_clipnorm=training.global_clipnorm)
        for name, schedule in generator_schedules(config, rise).items()
    }
    if method.adversary:
        settings["seen"] = config.seen
        optimizers["adversary_optimizer"] = trainer_class.optimizer_of_adversary(method)
    trainer = trainer_class(**networks, **settings, **method.arguments())
    trainer.compile(**optimizers, jit_compile=jit)
    return trainer
