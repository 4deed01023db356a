"""What holds for every generator and every method: one step, save and resume, export."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting import checkpoints
from inpainting.config.critics import CRITICS
from inpainting.config.data import DRAWN
from inpainting.config.generators import DENSITY, ENCODERS
from inpainting.filling.completion import complete
from inpainting.filling.export import export
from inpainting.filling.fillers import network_fillers
from inpainting.masks import center_masks, composite, fill_hole
from inpainting.pixels import to_float, to_uint8
from inpainting.training.build import build_trainer
from models import build_generator
from tests.dummies import changed, fake_batches, weights

ADVERSARIAL = ("cnn_dcgan", "unet_dcgan", "vgg_wgan", "unet_wgan", "photos_wgan", "paper_vgg_wgan")
AUTOENCODERS = (
    *(f"{encoder}_l2" for encoder in ENCODERS),
    "unet_l2",
    "photos_l2",
    "paper_cnn_l2",
    *ADVERSARIAL,
)


def all_in_ci(names, *quick):
    """All names, those that are not quick marked slow."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture
def config_of(small_config):
    def build(name, **settings):
        chosen = {"warmup_steps": 0, "learning_rate_warmup": 0, "critic_steps": 1, "batch_size": 2}
        return small_config(name, **{**chosen, **settings})

    return build


def snapshot(trainer):
    return {name: [np.array(v.numpy()) for v in values] for name, values in trainer.state().items()}


def assert_every_weight_moved(trainer, before):
    for name, values in trainer.state().items():
        if name == "balance":  # of a head start and a budget, of which these runs have none
            continue
        moved = [(old != new.numpy()).any() for old, new in zip(before[name], values, strict=True)]
        assert any(moved), name
        if name in ("generator", "ema_generator"):  # the trainable ones come first
            assert all(moved[: len(getattr(trainer, name).trainable_variables)]), name
        if name == "adversary":
            # A shift of all scores, the critic's last bias, cancels in their difference.
            assert all(moved[:-1]), name


@pytest.mark.parametrize(
    "name", all_in_ci([*AUTOENCODERS, *DENSITY], "unet_l2", "vgg_wgan", "cnn_dcgan", "pixel_cnn")
)
def test_trains_in_16_bits_what_it_owns_and_resumes(config_of, name, tmp_path):
    config = config_of(name, drop_connect=0.2, l2_regularization=1e-4, precision="mixed_bfloat16")
    trainer = build_trainer(config)
    assert all("float32" in str(weight.dtype) for weight in trainer.generator.trainable_variables)
    before = snapshot(trainer)
    for _ in range(3):  # behind what starts at 0, weights move a step later, behind two of them two
        logs = trainer.train_step(fake_batches(config, config.phases[0].batches_per_step))
    assert all(np.isfinite(float(value)) for value in logs.values())
    assert_every_weight_moved(trainer, before)
    if config.method.adversary:
        generator, adversary = weights(trainer.generator), weights(trainer.adversary)
        batch = {key: value[0] for key, value in fake_batches(config, 1).items()}
        trainer.adversary_step(batch, 0)
        assert changed(adversary, trainer.adversary) and not changed(generator, trainer.generator)
        adversary = weights(trainer.adversary)
        trainer.generator_step(batch)
        assert changed(generator, trainer.generator) and not changed(adversary, trainer.adversary)

    path = tmp_path / "last.npz"
    saved = snapshot(trainer)
    checkpoints.save(path, trainer.state(), {})
    for variables in trainer.state().values():
        for variable in variables:
            variable.assign(tf.zeros_like(tf.convert_to_tensor(variable)))
    groups, _ = checkpoints.load(path)
    checkpoints.restore(groups, trainer.state(), path)
    for group, values in snapshot(trainer).items():
        for one, other in zip(values, saved[group], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=group)


@pytest.mark.parametrize("name", all_in_ci([*DENSITY, "cnn_dcgan", "vgg_wgan"], "vgg_wgan", "pixel_cnn"))
def test_resumes_to_the_bit(config_of, name, tmp_path):
    """Three steps, and one, a checkpoint, and two more by a trainer that started from other weights."""
    config = config_of(name, directions=4, layers=1)  # used by those that can
    batches = fake_batches(config, config.phases[0].batches_per_step)
    straight = build_trainer(config)
    path = tmp_path / "last.npz"
    for step in range(3):
        straight.train_step(batches)
        if step == 0:
            checkpoints.save(path, straight.state(), {})
    keras.utils.set_random_seed(99)
    resumed = build_trainer(config)
    groups, _ = checkpoints.load(path)
    checkpoints.restore(groups, resumed.state(), path)
    for _ in range(2):
        resumed.train_step(batches)
    for group, values in snapshot(straight).items():
        for one, other in zip(values, snapshot(resumed)[group], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=group)


@pytest.mark.parametrize("name", all_in_ci(AUTOENCODERS, "unet_l2", "vgg_wgan"))
def test_the_export_gives_the_trainer_s_pixels(config_of, name, tmp_path):
    config = config_of(name)
    trainer = build_trainer(config)
    trainer.train_step(fake_batches(config, config.phases[0].batches_per_step))
    (filler,) = network_fillers(config, trainer.ema_generator)
    path = export([filler], tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    mask = center_masks(3, image_size=16, hole=4)
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    inpainted = served(image=tf.constant(image), mask=tf.cast(mask, tf.uint8))["inpainted"].numpy()
    context = fill_hole(to_float(tf.constant(image)), mask, fill=config.data.fill, seed=[0, 0])
    if config.data.fill in DRAWN:  # by a hash of the picture
        context = filler._context(tf.constant(image), mask)
    expected = to_uint8(composite(mask, trainer([context, mask]), to_float(tf.constant(image)))).numpy()
    assert np.abs(np.int32(inpainted) - expected).max() <= 1  # a graph may round otherwise
    none = served(image=tf.constant(image[:0]), mask=tf.cast(mask[:0], tf.uint8))["inpainted"]
    assert none.shape == (0, 16, 16, 3)


@pytest.mark.parametrize("name", all_in_ci(DENSITY))
def test_the_export_completes_as_the_program(config_of, name, tmp_path):
    config = config_of(name, directions=4, layers=1, mask="rectangle")  # used by those that can; holes anywhere
    network = build_generator(config)
    for weight in network.trainable_variables:  # values must be told apart
        weight.assign(weight + 0.1 * np.random.default_rng(0).normal(size=weight.shape).astype(np.float32))
    path = export(network_fillers(config, network), tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    mask = np.zeros((2, 16, 16, 1), np.uint8)
    mask[0, 3:6, 5:8] = mask[1, 0, 14:] = 255  # anywhere
    served = tf.saved_model.load(str(path)).signatures
    pixels, missing = tf.constant(image, tf.int32), tf.cast(mask > 0, tf.float32)
    seed = tf.constant([3, 8])
    for signature, options in {
        "serving_default": {"mode": "mean"},
        "greedy": {"mode": "greedy"},
        "sample": {"mode": "sample", "seed": seed},
    }.items():
        inputs = {"seed": seed} if signature == "sample" else {}
        answer = served[signature](image=tf.constant(image), mask=tf.constant(mask), **inputs)
        expected, likelihood = complete(network, pixels, missing, **options)
        np.testing.assert_array_equal(answer["inpainted"], expected, err_msg=signature)
        if signature != "serving_default":
            np.testing.assert_allclose(answer["log_likelihood"], likelihood, rtol=1e-4)


@pytest.mark.parametrize("critic", all_in_ci(CRITICS, "resnet"))
@pytest.mark.parametrize(
    ("model", "settings"),
    [("vgg_wgan", {"lipschitz": "gradient_penalty"}), ("vgg_dcgan", {"sees": "hole"})],
)
def test_every_critic_trains(config_of, model, critic, settings):
    config = config_of(model, critic=critic, discriminator=critic, **settings)
    trainer = build_trainer(config)
    adversary = weights(trainer.adversary)
    logs = trainer.train_step(fake_batches(config, 2))
    assert all(np.isfinite(float(value)) for value in logs.values())
    assert changed(adversary, trainer.adversary)
