"""What a model card says: what was set, what it took, what was measured, of what data."""

import json

import pytest

from benchmarks.publish import LIMITS, card, changes, main, training_commands
from inpainting import checkpoints
from inpainting.config.experiments import experiment
from inpainting.config.methods import METHODS
from inpainting.config.settings import with_settings
from inpainting.errors import InputError
from inpainting.measuring.report import WIDTH
from inpainting.workdir import Workdir


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("vgg_l2", {}),
        ("vgg_wgan", {"data.image_size": 64, "training.steps": 100, "training.seed": 3}),  # hole, ring, warm-up
        ("vgg_wgan", {"method.critic": "resnet", "method.lipschitz": "clip", "method.lipschitz.bound": 0.02}),
        ("vgg_l2", {"data.hole": 28, "method.overlap": 0}),  # neither goes without the other
        ("flattened_row_lstm", {"generator.directions": 4, "method.segment_rows": None}),
    ],
)
def test_the_settings_that_make_a_config(model, settings):
    config = with_settings(experiment(model), settings)
    assert changes(config) == settings
    assert with_settings(experiment(model), changes(config)) == config


def test_every_family_has_its_limits():
    assert {method.family for method in METHODS.values()} == set(LIMITS)


def results_of(workdir):
    return workdir.path / "results-cifar10-test-center.json"


@pytest.fixture
def run(tmp_path):
    """A measured run: 100 steps of 60 images at 10 a second are 10 minutes."""
    workdir = Workdir(tmp_path / "run")
    settings = {"batch_size": 60, "steps": 100, "data_dir": "/tfds", "filters": 32}
    workdir.create(with_settings(experiment("vgg_l2"), settings), overwrite=False)
    workdir.metrics.write_text(json.dumps({"step": 100, "images_per_second": 10.0}) + "\n")
    progress = {"best_step": 50, "initial": "pretrained/unet_l2", "machine": "2 cores of a mill"}
    checkpoints.save(workdir.best, {"ema_generator": []}, progress)
    measured = {"step": 50, "split": "test", "images": 10_000, "mask": "center", "hole": 8}
    rows = {"vgg_l2": {"hole_mse": 0.01334}, "biharmonic": {"hole_mse": 0.0175}}
    results_of(workdir).write_text(json.dumps({**measured, "results": rows}))
    return workdir


def test_a_card_says_what_is_known(run):
    text = card("mine", run, "Leaves have a weave.")
    assert text.startswith("---\nlicense: apache-2.0\n")
    for said in (
        "# mine\n",
        "Fills centred holes of 8 pixels in pictures of 32×32 pixels: vgg trained on L2.",
        "CIFAR-10 (Krizhevsky",
        "name no licence",
        "python train.py --model vgg_l2 \\\n  --initial pretrained/unet_l2 \\\n  --set generator.filters=32",
        "python train.py --model vgg_l2 --initial pretrained/mine --set generator.filters=32\n",
        "--set training.steps=100",
        "100 steps in 10 minutes on 2 cores of a mill; the weights are the average at step 50",
        "10,000 images of the test split, centred holes of 8 pixels",
        "| vgg_l2 | 0.0133 |\n| biharmonic | 0.0175 |",
        f"{LIMITS['autoencoder']} Leaves have a weave. It knows",
    ):
        assert said in text or said in text.replace("\n", " ")
    assert "/tfds" not in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_a_card_of_a_run_that_was_stopped_says_so(run):
    run.metrics.write_text(json.dumps({"step": 60, "images_per_second": 10.0}) + "\n")
    assert "\n60 of 100 steps in 6 minutes on 2 cores of a mill; " in card("mine", run)


def test_a_card_names_the_run_that_a_run_started_from(run, tmp_path):
    later = Workdir(tmp_path / "later")
    later.create(experiment("vgg_l2"), overwrite=False)
    checkpoints.save(later.best, {"ema_generator": []}, {"best_step": 9, "initial": str(run.path)})
    first, second = training_commands(later)
    assert first.startswith("python train.py --model vgg_l2 \\\n  --initial pretrained/unet_l2 \\\n  --set gen")
    assert first.endswith(f"--workdir {run.path}")
    assert second == f"python train.py --model vgg_l2 \\\n  --initial {run.path}"


def test_the_card_of_a_model_of_photographs(run):
    config = with_settings(experiment("photos_wgan"), {"dataset": "folder:/my/bsds500"})
    run.create(config, overwrite=True)
    progress = {"best_step": 50}
    checkpoints.save(run.best, {"ema_generator": []}, progress)
    run.metrics.write_text(json.dumps({"step": 100, "images_per_second": 10.0}) + "\n")
    rows = {"step": 50, "split": "test", "images": 200, "mask": "mixed", "hole": 64, "results": {}}
    (run.path / "results-bsds500-test-mixed.json").write_text(json.dumps(rows))
    text = card("photos_wgan", run)
    for said in (
        "license: other\n",
        "Fills scratches, text, strokes and boxes of up to 64 pixels in pictures of any size: unet trained on "
        "L1, then against a Wasserstein critic too.",
        "python inpaint.py photo.jpg --mask mask.png --model photos_wgan\n",
        "python evaluate.py pretrained/photos_wgan --baselines --dataset folder:PATH\n",
        "python train.py --model photos_wgan --initial pretrained/photos_wgan --dataset folder:PATH\n",
    ):
        assert said in text or said in text.replace("\n", " ")
    assert "/my" not in text


def test_a_card_is_refused_where_something_is_not_known(run):
    measured = json.loads(results_of(run).read_text())
    results_of(run).write_text(json.dumps({**measured, "step": 100}))
    with pytest.raises(InputError, match="is of step 100, the best is now 50"):
        card("mine", run)
    results_of(run).unlink()
    with pytest.raises(InputError, match="python evaluate.py .*run --baselines"):
        card("mine", run)
    results_of(run).write_text(json.dumps(measured))
    run.create(with_settings(experiment("vgg_l2"), {"dataset": "folder:/my/pictures"}), overwrite=False)
    with pytest.raises(InputError, match="under what licence folder:pictures is"):
        card("mine", run)


def test_what_is_published_is_not_replaced_unasked(run, tmp_path):
    assert main([str(run.path)], root=tmp_path) == 0
    published = tmp_path / "pretrained" / "vgg_l2"
    (published / "README.md").write_text("edited")
    with pytest.raises(InputError, match="is there already: --overwrite replaces it"):
        main([str(run.path)], root=tmp_path)
    assert (published / "README.md").read_text() == "edited"
    assert main([str(run.path), "--overwrite"], root=tmp_path) == 0
    assert "# vgg_l2" in (published / "README.md").read_text()
    with pytest.raises(InputError, match="a directory's name"):
        main([str(run.path), "--name", "../vgg_l2"], root=tmp_path)
