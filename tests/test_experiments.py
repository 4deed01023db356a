import json
from dataclasses import fields

import pytest

from inpainting.errors import InputError
from inpainting.experiments import (
    EXPERIMENTS,
    Config,
    experiment,
    from_dict,
    other_owner,
    resolved,
    with_settings,
)


def configure(**settings):
    return resolved(with_settings(experiment("vgg_wgan"), settings))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_resolves_and_goes_through_json(name):
    config = resolved(experiment(name))
    assert config.model == name
    assert from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_hole_and_overlap_follow_the_image_size():
    for size in (32, 64, 128):
        config = configure(image_size=str(size))
        assert (config.hole, config.overlap, config.patch) == (size // 4, size // 8, size // 2)
    assert configure(hole="10").patch == 18
    assert configure(mask="rectangle").patch == 32


def test_settings_are_typed():
    config = configure(blur="false", learning_rate="1e-4", steps="7", hole="6", dataset="cifar100")
    assert (config.blur, config.learning_rate, config.steps, config.hole) == (False, 1e-4, 7, 6)
    assert "blur" not in config.augmentations and "hue" in config.augmentations
    assert configure(hole="none").hole == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rte": "1"}, "no setting 'learning_rte': did you mean learning_rate?"),
        ({"steps": "many"}, "steps=many: steps is a whole number"),
        ({"alpha": "x"}, "alpha is a number"),
        ({"blur": "maybe"}, "blur is true or false"),
        ({"lipschitz": "none"}, "lipschitz must be one of clip, gradient_penalty"),
        ({"image_size": "30"}, "multiple of 8"),
        ({"image_size": "8"}, "at least 16"),
        ({"hole": "28"}, "hole=28 with overlap=4 on each side is larger than image_size=32"),
        ({"hole": "0"}, "hole must be at least 1"),
        ({"alpha": "1.5"}, r"in \[0, 1\]"),
        ({"batch_size": "0"}, "more than 0"),
        ({"learning_rate": "nan"}, "more than 0"),
        ({"critic": "alexnet"}, "one of cnn, vgg"),
        ({"encoder": "vgg16", "filters": "32"}, "encoder must be one of cnn, vgg"),
        ({"filters": "0"}, "filters must be more than 0"),
        ({"pooling": "max"}, "pooling is a setting of the cnn encoder: vgg_wgan has no use for it"),
        ({"label_flips": "0"}, "label_flips is a setting of DCGANs: vgg_wgan has no use for it"),
        ({"discriminator_sees": "hole", "mask": "free_form"}, "discriminator_sees=hole needs mask=center"),
        ({"discriminator_sees": "hole", "hole": "3"}, "hole must be at least 4 with discriminator_sees=hole"),
        ({"l2_regularization": "-1"}, "l2_regularization must be at least 0"),
        ({"model": "x"}, "no setting 'model'"),
        ({"xyz": "1"}, "no setting 'xyz': --set takes one of dataset, .*, deterministic"),
        ({"learning_rate": "inf"}, "finite"),
        ({"steps": "20", "warmup_steps": "20"}, "leaves the critic none of the 20 steps"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        configure(**settings)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_settings_without_a_use_are_refused(name):
    config = experiment(name)
    unused = {field.name for field in fields(Config) if other_owner(config, field.name)}
    for field in unused:
        text = "true" if isinstance(getattr(config, field), bool) else "1"
        with pytest.raises(InputError, match=f"{field} is a setting of .*: {name} has no use for it"):
            with_settings(config, {field: text})
    others = [experiment(other) for other in EXPERIMENTS]
    assert all(any(not other_owner(other, field) for other in others) for field in unused)
    assert ("dropout" if "lstm" in name else "segment_rows") in unused and "steps" not in unused


def test_no_bound_of_the_gradient_is_none_not_infinity():
    config = experiment("flattened_row_lstm")
    assert resolved(with_settings(config, {"global_clipnorm": "none"})).global_clipnorm is None
    for text, rule in (("inf", "finite"), ("0", "more than 0")):
        with pytest.raises(InputError, match=f"global_clipnorm must be {rule}"):
            resolved(with_settings(config, {"global_clipnorm": text}))


def test_a_share_is_between_0_and_1():
    config = with_settings(experiment("vgg_dcgan"), {"label_flips": "1.5"})
    with pytest.raises(InputError, match=r"label_flips must be in \[0, 1\]"):
        resolved(config)


def test_unknown_model_lists_the_known():
    with pytest.raises(InputError, match="unknown model 'vgg'.*cnn_l2, vgg_l2, .*resnet_wgan"):
        experiment("vgg")


def test_phases_and_the_batches_they_take():
    config = configure(steps="10", warmup_steps="4", critic_steps="2")
    assert config.phases == ((0, 4, 1), (4, 10, 3))
    assert [config.batches_until(step) for step in (0, 3, 4, 5, 10)] == [0, 3, 4, 7, 22]
    assert configure(steps="10", warmup_steps="0").phases == ((0, 10, 11),)
    assert configure(steps="1000").phases == ((0, 960, 1), (960, 1000, 11))
    dcgan = resolved(with_settings(experiment("vgg_dcgan"), {"steps": "100"}))
    assert dcgan.phases == ((0, 75, 1), (75, 100, 2))
    assert resolved(experiment("vgg_l2")).phases == ((0, experiment("vgg_l2").steps, 1),)


def test_filters_follow_the_network():
    config = configure()
    assert (config.encoder, config.filters, config.critic, config.critic_filters) == ("vgg", 64, "cnn", 32)
    assert configure(encoder="resnet", critic="vgg").filters == 128
    assert configure(critic="vgg").critic_filters == 128
    assert configure(filters="16").filters == 16


def test_the_ring_of_the_paper_weighs_20_by_default():
    assert Config(model="x", method="l2").overlap_weight == 20.0


def test_a_config_of_another_version_is_refused():
    values = resolved(experiment("vgg_l2")).to_dict()
    with pytest.raises(InputError, match="unknown field 'colour'"):
        from_dict({**values, "colour": 1})
    with pytest.raises(InputError, match="unknown model 'vgg_gan'"):
        from_dict({**values, "model": "vgg_gan"})
