"""The trainer of a configuration: what its sections say arrives where it is used."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.config.experiments import experiment
from inpainting.config.methods import METHODS
from inpainting.config.settings import with_settings
from inpainting.training.build import TRAINERS, build_trainer
from inpainting.training.loop import Loop
from inpainting.training.optimizers import Adam, RMSprop
from inpainting.training.trainer import Trainer
from inpainting.training.wgan import WGANTrainer
from tests.dummies import CountingSGD, changed, fake_batches, weights
from tests.training.tiny import tracked


def test_every_method_has_its_trainer():
    assert set(TRAINERS) == set(METHODS)


# A model of each method, with no value of its method's section at its default.
SETTINGS = {
    "vgg_l2": {"overlap": 1, "overlap_weight": 3.0, "error": "absolute"},
    "vgg_dcgan": {
        "overlap": 1,
        "overlap_weight": 3.0,
        "error": "absolute",
        "alpha": 0.25,
        "budget": 1.5,
        "texture_weight": 2.0,
        "warmup_steps": 5,
        "pure_batches": False,
        "soft_labels": False,
        "label_flips": 0.3,
        "maximise_log_d": False,
    },
    "vgg_wgan": {
        "overlap": 1,
        "overlap_weight": 3.0,
        "error": "absolute",
        "alpha": 0.25,
        "budget": 1.5,
        "texture_weight": 2.0,
        "warmup_steps": 5,
    },
    "pixel_cnn": {"pixels_per_image": 7},
    "row_lstm": {"segment_rows": 2},
    "conditional_pixel_cnn": {},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_arrives(small_config, name):
    shared = {"ema_decay": 0.5, "l2_regularization": 0.25, "seed": 11}
    config = with_settings(small_config(name), {**SETTINGS[name], **shared, "global_clipnorm": 2.5})
    method, trainer = config.method, build_trainer(config)
    assert type(trainer) is TRAINERS[method.kind]
    arguments = method.arguments()
    assert set(arguments) == {*SETTINGS[name], *(("lipschitz",) if name == "vgg_wgan" else ())}
    for setting, value in {**arguments, **shared}.items():
        arrived = getattr(trainer, setting)
        assert (float(arrived) if setting == "alpha" else arrived) == value, setting
        if setting in SETTINGS[name]:
            assert value == SETTINGS[name][setting] != getattr(small_config(name).method, setting), setting
    assert trainer.generator_optimizer.global_clipnorm == 2.5


@pytest.mark.parametrize(
    ("name", "settings", "kind", "options"),
    [
        ("vgg_dcgan", {}, Adam, {"beta_1": 0.5}),
        ("vgg_wgan", {}, Adam, {"beta_1": 0.0, "beta_2": 0.9}),
        ("vgg_wgan", {"lipschitz": "clip"}, RMSprop, {}),
    ],
)
def test_the_adversary_s_optimizer(small_config, name, settings, kind, options):
    """Momentum makes a critic's training unstable: RMSprop has none here."""
    config = small_config(name, adversary_learning_rate=3e-3, **settings)
    optimizer = build_trainer(config).adversary_optimizer
    assert type(optimizer) is kind
    assert float(optimizer.learning_rate) == pytest.approx(3e-3)
    assert all(getattr(optimizer, option) == value for option, value in options.items())
    if kind is RMSprop:
        assert optimizer.momentum == 0


def test_a_setting_that_the_trainer_does_not_take_is_refused(small_config, monkeypatch):
    class WithoutOverlap(Trainer):
        TRACKED = ()

    monkeypatch.setitem(TRAINERS, "l2", WithoutOverlap)
    with pytest.raises((TypeError, ValueError), match="overlap"):
        build_trainer(small_config("vgg_l2"))


@pytest.mark.parametrize("name", ["paper_cnn_l2", "paper_vgg_wgan"])
def test_the_paper_s_experiments_are_what_the_paper_says(name):
    config = experiment(name)
    assert (config.data.mask, config.data.image_size, config.data.hole) == ("center", 32, 8)
    assert config.data.augmentations == ("hue", "saturation", "contrast", "blur")
    assert config.generator.dropout == 0.5
    assert (config.method.overlap, config.method.overlap_weight) == (4, 20)
    assert config.phases[-1].start == 0


def test_paper_vgg_wgan():
    """Both losses from the first step; ten RMSprop updates at 5e-5 a step, clipped to ±0.01 after each."""
    paper = experiment("paper_vgg_wgan")
    sizes = {"image_size": 16, "generator.filters": 8, "bottleneck": 16, "decoder_filters": 16}
    others = {"critic.filters": 4, "batch_size": 2, "precision": "float32"}
    config = with_settings(paper, {**sizes, **others})
    assert config.phases == paper.phases == (("both", 0, paper.training.steps, 11),)

    trainer = build_trainer(config)
    assert type(trainer) is WGANTrainer
    assert (trainer.overlap, trainer.overlap_weight) == (4, 20)
    rates = {layer.rate for layer in trainer.generator.layers if "dropout" in layer.name}
    assert rates == {0.5}
    optimizer = trainer.adversary_optimizer
    assert type(optimizer) is RMSprop and optimizer.momentum == 0
    assert float(tf.convert_to_tensor(optimizer.learning_rate)) == pytest.approx(5e-5)

    def largest():
        return max(np.abs(weight).max() for weight in weights(trainer.adversary))

    assert largest() > 0.1
    bounds, update = [], trainer.adversary_step

    def watched(batch, index):
        before = weights(trainer.adversary)
        update(batch, index)
        assert changed(before, trainer.adversary)
        bounds.append(largest())

    trainer.adversary_step = watched
    trainer.begin_phase(config.phases[0])
    trainer.train_step(fake_batches(config, 11))
    assert bounds == [np.float32(0.01)] * 10
    assert int(tf.convert_to_tensor(optimizer.iterations)) == 10
    assert int(tf.convert_to_tensor(trainer.generator_optimizer.iterations)) == 1
    values = tracked(trainer)
    mixed = 0.99 * values["reconstruction_loss"] + 0.01 * values["adversarial_loss"]
    assert values["loss"] == pytest.approx(mixed, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("image_size", [64, 128])
def test_larger_images_train(small_config, image_size):
    settings = {"warmup_steps": 0, "learning_rate_warmup": 0, "batch_size": 2, "critic_steps": 1}
    config = small_config(image_size=image_size, **settings)
    trainer = build_trainer(config)
    before = weights(trainer.generator)
    logs = trainer.train_step(fake_batches(config, 2))
    assert changed(before, trainer.generator)
    assert np.isfinite(float(logs["loss"])) and config.data.hole == image_size // 4


@pytest.mark.slow
def test_xla_computes_the_same_step(small_config):
    """By a Loop and `evaluate`, as train.py calls them. Gradient descent: Adam's first step is a sign."""
    config = small_config(warmup_steps=0, batch_size=2)
    data = fake_batches(config, 3)
    results = []
    for jit in (False, True):
        keras.utils.set_random_seed(4)
        trainer = build_trainer(config)
        optimizers = {"generator_optimizer": CountingSGD(0.01), "adversary_optimizer": CountingSGD(0.01)}
        trainer.compile(**optimizers, jit_compile=jit)
        Loop(trainer, tf.data.Dataset.from_tensors(data)).step()
        assert trainer.generator_optimizer.updates.numpy() == 1
        one = tf.data.Dataset.from_tensors({key: value[0] for key, value in data.items()})
        results.append((weights(trainer.generator), trainer.evaluate(one)))
    for plain, compiled in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-4)
    for name, value in results[0][1].items():
        assert results[1][1][name] == pytest.approx(value, rel=2e-2, abs=1e-4), name
