"""The names of `train.py --model`."""

import json
import math

import pytest

from inpainting.config.config import Config
from inpainting.config.data import Data
from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.generators import ENCODERS, RowLSTM
from inpainting.config.methods import DCGAN, L2, NATURAL, PixelLikelihood
from inpainting.config.settings import from_dict, to_dict, with_settings
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


def test_the_patch_is_what_a_network_predicts():
    """A density model, and any network trained on holes anywhere, predicts the whole image."""
    generator, method = ENCODERS["vgg"](), L2(overlap=3)
    assert Config(model="x", data=Data(hole=10), generator=generator, method=method).patch == 16
    assert Config(model="x", data=Data(mask="rectangle"), generator=generator, method=method).patch == 32
    assert experiment("row_lstm").patch == 32 and experiment("conditional_pixel_cnn").patch == 8


def test_the_only_hole_that_a_network_learns_to_fill():
    """Also where hole and overlap are the whole image. A density model of whole images learns them all."""
    generator, method = ENCODERS["vgg"](), L2(overlap=12)
    assert Config(model="x", data=Data(hole=8), generator=generator, method=method).only_hole == 8
    assert Config(model="x", data=Data(mask="free_form"), generator=generator, method=method).only_hole is None
    assert experiment("row_lstm").only_hole is None and experiment("conditional_pixel_cnn").only_hole == 8


def test_phases_and_the_batches_they_take():
    config = experiment("vgg_wgan")
    alone, head_start, both = config.phases
    assert alone == ("generator", 0, 24_000, 1) and head_start == ("adversary", 24_000, 24_150, 3)
    assert both == ("both", 24_150, 30_000, 4) and config.settling_steps == 24_150 + 1_950
    batches = [config.batches_until(step) for step in (0, 3, 24_000, 24_001, 24_150, 24_151)]
    assert batches == [0, 3, 24_000, 24_003, 24_450, 24_454]
    short = Config(
        model="x", generator=ENCODERS["vgg"](), method=DCGAN(), training=Training(steps=100, batch_size=4)
    )
    assert short.phases == (("generator", 0, 80, 1), ("adversary", 80, 84, 1), ("both", 84, 100, 2))
    assert experiment("paper_vgg_wgan").phases == (("both", 0, 12_000, 11),)
    assert (
        experiment("vgg_l2").phases == (("generator", 0, 12_000, 1),)
        and experiment("vgg_l2").settling_steps == 0
    )


def test_what_a_critic_s_bound_asks_for():
    """Ten updates of RMSprop's small steps and normalised layers under a clip, three under the penalty."""
    penalty = experiment("vgg_wgan").method
    assert (penalty.critic_steps, penalty.adversary_learning_rate) == (3, 2e-4)
    assert not penalty.critic.layer_normalization
    clip = with_settings(experiment("vgg_wgan"), {"lipschitz": "clip"}).method
    assert (clip.critic_steps, clip.adversary_learning_rate) == (10, 5e-5)
    assert clip.critic.layer_normalization
    assert not experiment("paper_vgg_wgan").method.critic.layer_normalization  # the paper has none


@pytest.mark.parametrize(("sees", "side"), [("image", 32), ("patch", 16), ("hole", 8)])
def test_what_the_adversary_sees(sees, side):
    assert with_settings(experiment("vgg_wgan"), {"sees": sees}).seen == side


def test_of_holes_anywhere_the_adversary_sees_the_image():
    assert experiment("vgg_wgan").method.sees == "patch"
    assert with_settings(experiment("vgg_wgan"), {"mask": "rectangle"}).method.sees == "image"


def test_the_criterion_of_an_adversarial_run():
    """The mean distance of the ratios from 1, up or down, and ten times what exceeds 1.05 · 1.2 · the L2's."""
    method = experiment("vgg_wgan").method
    natural = dict.fromkeys(NATURAL, 1.0)
    assert method.judge({"hole_mse": 0.5, **natural}) == 0
    half = {**natural, "sharpness": 0.5}
    assert method.judge({"hole_mse": 0.5, **half}) == pytest.approx(math.log(2) / len(NATURAL))
    assert method.judge({"hole_mse": 0.5, **natural, "seam": 2.0}) == method.judge({"hole_mse": 0.5, **half})
    assert method.judge({"hole_mse": 0.126, **natural}, l2_error=0.1) == pytest.approx(0)
    assert method.judge({"hole_mse": 0.252, **natural}, l2_error=0.1) == pytest.approx(10)
    assert experiment("vgg_l2").method.judge({"hole_mse": 0.5, **half}) == 0.5


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
