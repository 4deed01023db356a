"""`--set`: names are found, values are read by their types, and what cannot be meant is refused in one line."""

import pytest

import train
from inpainting.config.experiments import experiment
from inpainting.config.settings import paths, value_of, with_settings
from inpainting.errors import InputError
from inpainting.workdir import Workdir


def configure(model="vgg_wgan", **settings):
    return with_settings(
        experiment(model), {name.replace("__", "."): value for name, value in settings.items()}
    )


def test_settings_are_typed():
    config = configure(blur="false", learning_rate="1e-4", steps="13000", hole="6", dataset="cifar100")
    assert config.data.blur is False and config.data.hole == 6 and config.data.dataset == "cifar100"
    assert config.training.learning_rate == 1e-4 and config.training.steps == 13_000
    assert "blur" not in config.data.augmentations and "hue" in config.data.augmentations


def test_a_setting_is_named_by_any_end_of_its_path():
    for name in ("alpha", "method.alpha"):
        assert with_settings(experiment("vgg_wgan"), {name: "0.5"}).method.alpha == 0.5
    config = configure(critic__filters="8", generator__filters="16")
    assert (config.method.critic.filters, config.generator.filters) == (8, 16)
    with pytest.raises(InputError, match=r"several parts .* --set generator.filters or method.critic.filters"):
        configure(filters="8")
    assert configure("vgg_l2", filters="8").generator.filters == 8  # only one part has them


def test_from_other_weights_an_adversarial_run_goes_straight_to_its_phase(tmp_path):
    """Of vgg_wgan's 30,000 steps the 24,000 of L2 go, and its ring is that of the L2; what is given counts."""
    Workdir(tmp_path).create(experiment("vgg_l2"), overwrite=False)
    initial = ["--initial", str(tmp_path)]
    config, _, _ = train.parse(["--model", "vgg_wgan", *initial])
    assert config.phases == (("adversary", 0, 150, 3), ("both", 150, 6_000, 4)) and config.overlap == 4
    config, _, _ = train.parse(["--model", "vgg_wgan", *initial, "--steps", "500", "--set", "overlap=1"])
    assert config.phases == (("adversary", 0, 100, 3), ("both", 100, 500, 4)) and config.overlap == 1
    for steps in ("500.0", "5_00"):  # as --set takes them
        config, _, _ = train.parse(["--model", "vgg_wgan", *initial, "--set", f"training.steps={steps}"])
        assert config.phases == (("adversary", 0, 100, 3), ("both", 100, 500, 4))
    config, _, _ = train.parse(["--model", "vgg_wgan", *initial, "--steps", "3"])
    assert config.phases == (("adversary", 0, 1, 3), ("both", 1, 3, 4)) and config.method.budget == 1.2
    with pytest.raises(InputError, match="head_start=0: after --initial it must be at least 1"):
        train.parse(["--model", "vgg_wgan", *initial, "--set", "head_start=0"])
    config, _, _ = train.parse(["--model", "vgg_l2", *initial])
    assert config.training.steps == 12_000


def test_what_follows_from_a_setting_follows_the_new_one():
    config = configure("vgg_l2", image_size="64")
    assert (config.data.hole, config.overlap) == (16, 8)
    config = configure(image_size="64", steps="1000")
    assert (config.data.hole, config.overlap, config.method.warmup_steps) == (16, 0, 800)
    config = configure(image_size="64", hole="10", overlap="1", warmup_steps="7")
    assert (config.data.hole, config.overlap, config.method.warmup_steps) == (10, 1, 7)
    assert configure("flattened_row_lstm", segment_rows="none").method.segment_rows is None
    assert with_settings(configure(hole="10"), {"hole": "none"}).data.hole == 8


def test_without_a_head_start_there_is_no_budget():
    """Of what is it a share? Given more steps, the run has one again."""
    short = configure(steps="20")
    assert (short.method.head_start, short.method.budget) == (0, None)
    assert configure(warmup_steps="0").method.budget is None
    longer = with_settings(short, {"steps": "1000"})
    assert (longer.method.head_start, longer.method.budget) == (40, 1.2)


def test_another_kind_of_part_comes_with_its_own_settings():
    """In whichever order they are given."""
    for settings in ({"lipschitz": "clip", "bound": "0.05"}, {"bound": "0.05", "lipschitz": "clip"}):
        lipschitz = configure(**settings).method.lipschitz
        assert (lipschitz.kind, lipschitz.bound) == ("clip", 0.05)
    critic = configure(critic="resnet").method.critic
    assert (critic.kind, critic.filters) == ("resnet", 128)
    with pytest.raises(InputError, match="weight"):
        configure(lipschitz="clip", weight="3")


@pytest.mark.parametrize("model", ["vgg_dcgan", "cnn_l2", "conditional_pixel_cnn", "row_lstm"])
def test_every_setting_can_be_given_as_the_text_of_its_value(model):
    config = experiment(model)
    for path in paths(config):
        value = value_of(config, path)
        text = getattr(value, "kind", str(value))
        assert with_settings(config, {path: text}) == config, path


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rte": "1"}, "no setting 'learning_rte': did you mean learning_rate?"),
        ({"method__alhpa": "1"}, "no setting 'method.alhpa': did you mean method.alpha?"),
        ({"xyz": "1"}, "no setting 'xyz': --set takes one of dataset, .*, deterministic"),
        ({"steps": "many"}, "steps=many: steps is a whole number"),
        ({"alpha": "x"}, "alpha=x: alpha is a number"),
        ({"blur": "maybe"}, "blur=maybe: blur is true or false"),
        ({"lipschitz": "none"}, "lipschitz must be one of clip, gradient_penalty"),
        ({"critic": "alexnet"}, "critic must be one of cnn, patch, vgg, inception, resnet"),
        ({"mask": "round"}, "mask must be one of center, rectangle, free_form, mixed"),
        ({"image_size": "30"}, "image_size must be a multiple of 8"),
        ({"image_size": "8"}, "image_size must be at least 16"),
        ({"hole": "28", "overlap": "4"}, "hole=28 with overlap=4 on each side is larger than image_size=32"),
        ({"hole": "0"}, "hole must be more than 0"),
        ({"alpha": "1.5"}, "alpha must be at most 1"),
        ({"dropout": "1"}, "dropout must be less than 1"),
        ({"batch_size": "0"}, "batch_size must be more than 0"),
        ({"learning_rate": "nan"}, "learning_rate must be finite"),
        ({"learning_rate": "inf"}, "learning_rate must be finite"),
        ({"seed": "-1"}, "seed must be at least 0"),
        ({"seed": "2147483648"}, "seed must be less than 2147483648"),
        ({"l2_regularization": "-1"}, "l2_regularization must be at least 0"),
        ({"precision": "mixed_float16"}, "mixed_float16 is gone: use mixed_bfloat16 or float32"),
        ({"pooling": "max"}, "pooling is a setting of cnn: vgg_wgan has no use for it"),
        ({"label_flips": "0"}, "label_flips is a setting of dcgan: vgg_wgan has no use for it"),
        ({"sees": "hole", "mask": "free_form"}, "sees=hole needs mask=center"),
        ({"sees": "hole", "hole": "3"}, "hole must be at least 4 with sees=hole"),
        ({"steps": "20", "warmup_steps": "20"}, "leaves the critic none of the 20 steps"),
        ({"warmup_steps": "0", "budget": "1.3"}, "this run has no head start: leave budget out"),
        ({"discriminator_sees": "hole"}, "discriminator_sees is now sees"),
        ({"critic_filters": "8"}, "critic_filters is now critic.filters"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        configure(**settings)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("row_lstm", {"units": "64"}, "units must be a multiple of 3"),
        ("row_lstm", {"directions": "4"}, "directions is a setting of pixel_cnn, flattened_row_lstm: row_lstm"),
        ("pixel_cnn", {"directions": "2"}, "directions must be one of 1, 4"),
        ("pixel_cnn", {"jit": "on"}, "XLA cannot compile a density model's step"),
        ("flattened_row_lstm", {"segment_rows": "5"}, "segment_rows must be a divisor of image_size=32"),
        ("flattened_row_lstm", {"global_clipnorm": "inf"}, "global_clipnorm must be finite"),
        ("vgg_l2", {"critic_steps": "3"}, "critic_steps is a setting of wgan: vgg_l2 has no use for it"),
    ],
)
def test_bad_settings_of_other_models_are_refused(model, settings, message):
    with pytest.raises(InputError, match=message):
        configure(model, **settings)


def test_a_bound_of_the_gradient_may_be_left_out():
    assert configure("flattened_row_lstm", global_clipnorm="none").training.global_clipnorm is None
