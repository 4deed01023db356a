"""Runs of the first version, whose config.json was flat: tests/data holds one of each Keras line."""

import json
import shutil

import numpy as np
import pytest

import train
from inpainting import checkpoints
from inpainting.config.experiments import experiment
from inpainting.config.methods import Clip
from inpainting.config.settings import from_dict, to_dict, with_settings
from inpainting.errors import InputError
from inpainting.filling.fillers import load_fillers
from inpainting.measuring.evaluation import evaluate
from inpainting.training.run import keras_line
from inpainting.workdir import Workdir
from pipelines import file_list, folders
from tests.conftest import ROOT

DATA = ROOT / "tests" / "data"
FLAT = json.loads((DATA / "version_1_keras_2" / "config.json").read_text())


@pytest.fixture
def old_run(tmp_path, pictures):
    """A function: a copy of the run of a Keras line, on the tests' own pictures."""

    def copy(line):
        folder = tmp_path / "run"
        shutil.copytree(DATA / f"version_1_keras_{line}", folder)
        (folder / "config.json").write_text(json.dumps({**FLAT, "dataset": f"folder:{pictures}"}))
        file_list.of(folders.find(pictures)).write(folder / "files.json")  # as if it had been trained on these
        return folder

    return copy


def test_a_flat_config_is_read():
    config = from_dict(FLAT)
    assert config.model == "vgg_wgan"
    assert (config.data.dataset, config.data.image_size, config.data.hole) == ("dead_leaves", 16, 4)
    assert (config.generator.kind, config.generator.filters, config.generator.bottleneck) == ("vgg", 2, 4)
    method = config.method
    assert (method.kind, method.sees, method.alpha, method.overlap) == ("wgan", "hole", 0.9, 2)
    assert (method.warmup_steps, method.critic_steps, method.adversary_learning_rate) == (10, 2, 2e-4)
    assert (method.critic.kind, method.critic.filters, method.lipschitz) == ("cnn", 2, Clip(bound=0.02))
    assert (method.budget, method.head_start, method.critic.layer_normalization) == (None, 0, False)
    assert (config.training.steps, config.training.batch_size, config.training.deterministic) == (20, 4, True)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lipschitz": "gradient_penalty", "penalty_weight": 3.0}, ("method.lipschitz.weight", 3.0)),
        ({"model": "cnn_l2", "method": "l2", "encoder": "cnn", "pooling": "max"}, ("generator.pooling", "max")),
        ({"model": "vgg_dcgan", "method": "dcgan", "label_flips": 0.1}, ("method.label_flips", 0.1)),
        ({"model": "vgg_dcgan", "method": "dcgan"}, ("method.discriminator.filters", 2)),
    ],
)
def test_every_family_of_a_flat_config_is_read(changed, expected):
    path, value = expected
    read = from_dict({**FLAT, **changed})
    for part in path.split("."):
        read = getattr(read, part)
    assert read == value


@pytest.mark.parametrize(
    ("model", "kind", "setting"),
    [
        ("pixel_cnn", "pixel_likelihood", {"pixels_per_image": 7}),
        ("flattened_row_lstm", "image_likelihood", {"segment_rows": 4}),
    ],
)
def test_density_models_of_a_flat_config_are_read(model, kind, setting):
    sizes = {"units": 12, "layers": 2, "filters": 8, "overlap": 0}
    config = from_dict({**FLAT, "model": model, "method": "density", **sizes, **setting})
    assert (config.generator.kind, config.generator.units, config.method.kind) == (model, 12, kind)
    assert {name: getattr(config.method, name) for name in setting} == setting


def test_a_run_in_float16_goes_on_in_float32():
    assert from_dict({**FLAT, "precision": "mixed_float16"}).training.precision == "float32"


def test_a_budget_without_a_head_start_had_no_effect():
    written = to_dict(with_settings(experiment("vgg_wgan"), {"warmup_steps": 0}))
    written["method"]["budget"] = 1.2
    assert from_dict(written).method.budget is None


def test_what_no_version_wrote_is_refused():
    with pytest.raises(InputError, match="version 9, this program reads up to 2"):
        from_dict({"version": 9})
    with pytest.raises(InputError, match="unknown model 'vgg_gan'"):
        from_dict({**FLAT, "model": "vgg_gan", "method": "gan"})
    with pytest.raises(InputError, match="train it anew"):
        from_dict({**FLAT, "model": "conditional_pixel_cnn", "method": "density"})
    with pytest.raises(InputError, match="generator is missing"):
        from_dict({"version": 2, "model": "x"})


@pytest.mark.parametrize("line", [2, 3])
def test_an_old_run_is_evaluated(old_run, line):
    """A checkpoint has no optimizer of its Keras line to fear for when it is only measured."""
    workdir = Workdir(old_run(line))
    rows, _ = evaluate(workdir, *load_fillers(workdir), split="validation")
    (row,) = rows.values()
    assert 0 < row["hole_mse"] < 1


@pytest.mark.slow
def test_an_old_run_is_resumed(old_run, capsys):
    folder = old_run(keras_line())
    before, _ = checkpoints.load(folder / "checkpoints" / "last.npz")
    assert before["step"][0] == 20
    arguments = ["--model", "vgg_wgan", "--workdir", str(folder), "--resume", "--steps", "22"]
    config, workdir, _ = train.parse(arguments)
    assert config.phases[-1].start == 10  # as it was trained, whatever the number of steps
    deterministic = {
        **FLAT,
        "dataset": config.data.dataset,
        "deterministic": False,
    }  # not for this whole process
    workdir.config.write_text(json.dumps(deterministic))
    assert train.main(arguments) == 0
    rises = "the learning rate rises from 5e-06 to the schedule of 22 steps over 2 steps"
    assert rises in capsys.readouterr().out
    after, progress = checkpoints.load(folder / "checkpoints" / "last.npz")
    assert after["step"][0] == 22 and progress["keras"] == keras_line()
    assert any((one != other).any() for one, other in zip(before["adversary"], after["adversary"], strict=True))
    assert json.loads(workdir.config.read_text())["version"] == 2
    assert np.isfinite(after["generator"][0]).all()


def test_an_old_run_of_the_other_keras_line_is_not_resumed(old_run, refused):
    folder, other = old_run(5 - keras_line()), 5 - keras_line()
    flat = {**json.loads((folder / "config.json").read_text()), "deterministic": False}
    (folder / "config.json").write_text(json.dumps(flat))
    line = refused("train.py", "--model", "vgg_wgan", "--workdir", folder, "--resume", "--steps", "22")
    assert f"was trained with Keras {other}, this is Keras {keras_line()}" in line
