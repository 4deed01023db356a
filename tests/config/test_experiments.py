"""The names of `train.py --model`."""

import json

import pytest

from inpainting.config.config import Config
from inpainting.config.data import Data
from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.generators import ENCODERS, RowLSTM
from inpainting.config.methods import DCGAN, L2, PixelLikelihood
from inpainting.config.settings import from_dict, to_dict
from inpainting.config.training import Training
from inpainting.errors import InputError


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_goes_through_json_and_says_its_command(name):
    config = experiment(name)
    assert config.model == name
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    function = getattr(EXPERIMENTS[name], "func", EXPERIMENTS[name])
    assert "python train.py --model" in function.__doc__


def test_unknown_model_lists_the_known():
    with pytest.raises(InputError, match="unknown model 'vgg'.*cnn_l2, vgg_l2, .*paper_vgg_wgan"):
        experiment("vgg")


def test_hole_overlap_and_patch_follow_the_image_size():
    for size in (32, 64, 128):
        config = Config(model="x", data=Data(image_size=size), generator=ENCODERS["vgg"](), method=L2())
        assert (config.data.hole, config.overlap, config.patch) == (size // 4, size // 8, size // 2)


def test_the_patch_is_what_a_network_fills():
    """A density model, and any network trained on holes anywhere, fills the whole image."""
    generator, method = ENCODERS["vgg"](), L2(overlap=3)
    assert Config(model="x", data=Data(hole=10), generator=generator, method=method).patch == 16
    assert Config(model="x", data=Data(mask="rectangle"), generator=generator, method=method).patch == 32
    assert experiment("row_lstm").patch == 32 and experiment("conditional_pixel_cnn").patch == 8


def test_phases_and_the_batches_they_take():
    config = experiment("vgg_wgan")
    assert config.phases == ((0, 12_000, 1), (12_000, 12_500, 11)) and config.warmup_steps == 12_000
    assert [config.batches_until(step) for step in (0, 3, 12_000, 12_001)] == [0, 3, 12_000, 12_011]
    short = Config(
        model="x", generator=ENCODERS["vgg"](), method=DCGAN(), training=Training(steps=100, batch_size=4)
    )
    assert short.phases == ((0, 75, 1), (75, 100, 2))
    assert experiment("paper_vgg_wgan").phases == ((0, 12_000, 11),)
    assert experiment("vgg_l2").phases == ((0, 12_000, 1),) and experiment("vgg_l2").warmup_steps == 0


def test_a_section_has_only_what_its_component_uses():
    assert not hasattr(experiment("vgg_l2").method, "alpha")
    assert not hasattr(experiment("vgg_wgan").generator, "pooling")
    assert not hasattr(experiment("vgg_wgan").method, "label_flips")
    assert not hasattr(experiment("row_lstm").generator, "dropout")
    assert not hasattr(experiment("pixel_cnn").method, "segment_rows")


def test_a_generator_is_trained_by_a_method_that_can():
    with pytest.raises(ValueError, match="row_lstm is trained by image_likelihood, not pixel_likelihood"):
        Config(model="x", generator=RowLSTM(), method=PixelLikelihood())
    with pytest.raises(ValueError, match="row_lstm is trained by image_likelihood, not l2"):
        Config(model="x", generator=RowLSTM(), method=L2())


def test_a_section_is_frozen_and_knows_no_other_field():
    with pytest.raises(ValueError, match="frozen"):
        Data().hole = 3
    with pytest.raises(ValueError, match="Extra inputs"):
        Data(holes=3)
