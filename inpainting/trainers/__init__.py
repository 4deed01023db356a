"""The trainers by method. A new method is a trainer in its own file and a branch here."""

from tensorflow import keras

from inpainting.optimizers import Adam
from inpainting.trainers.autoencoder import AutoencoderTrainer
from inpainting.trainers.dcgan import DCGANTrainer
from inpainting.trainers.density import DensityTrainer
from inpainting.trainers.wgan import WGANTrainer

FLOOR = 0.05  # of the learning rate, at the end: a WGAN's critic joins late, and its generator must still move


def learning_rate_schedule(config):
    """Linear warm-up to the learning rate, then cosine decay to FLOOR of it at the last step (section 7.1)."""
    # Deviation: section 7.1 decays the learning rate, but names no schedule.
    warmup = min(config.learning_rate_warmup, config.steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.0, config.steps - warmup, alpha=FLOOR, warmup_target=config.learning_rate, warmup_steps=warmup
    )


def build_trainer(config, *, generator, ema_generator, adversary, jit, loss_scale=1.0):
    """The compiled trainer of a config's method around the networks; adversary is None where it has none."""
    arguments = {
        "generator": generator,
        "ema_generator": ema_generator,
        "ema_decay": config.ema_decay,
        "l2_regularization": config.l2_regularization,
        "loss_scale": loss_scale,
        "seed": config.seed,
    }
    optimizers = {"generator_optimizer": Adam(learning_rate_schedule(config))}
    if config.method != "density":
        arguments.update(overlap=config.overlap, overlap_weight=config.overlap_weight)
    if config.adversary:
        arguments.update(
            adversary=adversary,
            alpha=config.alpha,
            discriminator_sees=config.discriminator_sees,
            hole=config.hole,
            warmup_steps=config.warmup_steps,
        )
    if config.method == "density":
        trainer = DensityTrainer(
            **arguments,
            pixels_per_image=config.pixels_per_image,
            segment_rows=config.segment_rows,
            blind=config.blind,
        )
    elif config.method == "l2":
        trainer = AutoencoderTrainer(**arguments)
    elif config.method == "dcgan":
        # The DCGAN paper's momentum: 0.9 makes the discriminator's training oscillate.
        optimizers["adversary_optimizer"] = Adam(config.critic_learning_rate, beta_1=0.5)
        trainer = DCGANTrainer(
            **arguments,
            pure_batches=config.pure_batches,
            soft_labels=config.soft_labels,
            label_flips=config.label_flips,
            maximise_log_d=config.maximise_log_d,
        )
    else:
        # Algorithm 1 of the WGAN paper: momentum makes the critic's training unstable.
        optimizers["adversary_optimizer"] = keras.optimizers.RMSprop(config.critic_learning_rate)
        trainer = WGANTrainer(
            **arguments,
            lipschitz=config.lipschitz,
            clip=config.clip,
            penalty_weight=config.penalty_weight,
        )
    trainer.compile(**optimizers, jit_compile=jit)
    return trainer
