import json
import shutil

import numpy as np
import pytest

from evaluate import draw, evaluate
from inpainting import checkpoints, figures
from inpainting.baselines import BASELINES
from inpainting.errors import InputError
from inpainting.experiments import experiment, resolved, with_settings
from inpainting.masks import center_masks
from inpainting.metrics import METRICS, per_image
from inpainting.pixels import to_float
from inpainting.trainers.trainer import ordered_variables
from inpainting.workdir import Workdir
from models import DENSITY, build_generator
from pipelines import datasets
from pipelines.inpainting import evaluation_batches
from tests.conftest import command, small_arguments


def test_evaluation_prints_a_table_and_writes_results(finished_run):
    finished = command("evaluate.py", finished_run, "--baselines", "--split", "validation")
    assert finished.returncode == 0, finished.stderr
    rows = [line for line in finished.stdout.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0].strip("| ") for row in rows[1:]] == [str(finished_run), *BASELINES]
    saved = json.loads((finished_run / "results.json").read_text())
    assert saved["images"] == 4 and saved["split"] == "validation" and set(saved["results"]) > set(BASELINES)
    row = saved["results"]["vgg_wgan"]
    assert set(METRICS) | {"ms_per_image", "parameters"} == set(row)
    for name in ("completions.png", "errors.png"):
        assert (finished_run / "figures" / name).read_bytes()[1:4] == b"PNG"


def test_a_density_model_has_a_row_for_each_mode(pictures, tmp_path):
    """From the command line: training, export, table and figures."""
    workdir = tmp_path / "density"
    finished = command("train.py", *small_arguments(pictures, workdir, model="pixel_cnn"))
    assert finished.returncode == 0, finished.stderr
    assert "best validation nats_per_hole" in finished.stdout
    assert (workdir / "saved_model" / "1" / "saved_model.pb").exists()
    finished = command("evaluate.py", workdir, "--split", "validation")
    assert finished.returncode == 0, finished.stderr
    heading, *rows = [line for line in finished.stdout.splitlines() if line.startswith("| ")]
    assert "hole_bits_per_dim | bits_per_dim" in heading
    names = [row.split(" | ")[0].strip("| ") for row in rows]
    assert names == [str(workdir), f"{workdir} greedy", f"{workdir} sample"]
    saved = json.loads((workdir / "results.json").read_text())
    results = saved["results"]
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    (line,) = [line for line in lines if line["step"] == saved["step"] and "validation_nats_per_hole" in line]
    assert results["pixel_cnn"]["bits_per_dim"] == pytest.approx(line["validation_bits_per_dim"], rel=1e-3)
    for name in ("completions", "errors", "samples", "probabilities", "entropy"):
        assert (workdir / "figures" / f"{name}.png").read_bytes()[1:4] == b"PNG"
    # Other holes than the centred ones: the likelihood of whole images is the same, all else is not.
    finished = command("evaluate.py", workdir, "--split", "validation", "--mask", "rectangle")
    assert finished.returncode == 0, finished.stderr
    assert "hole: rectangle" in finished.stdout
    saved = json.loads((workdir / "results.json").read_text())
    assert saved["mask"] == "rectangle"
    elsewhere = saved["results"]["pixel_cnn"]
    assert elsewhere["bits_per_dim"] == pytest.approx(results["pixel_cnn"]["bits_per_dim"], rel=1e-6)
    assert elsewhere["hole_mse"] != pytest.approx(results["pixel_cnn"]["hole_mse"], rel=1e-3)


@pytest.mark.parametrize(("name", "directions"), [*((name, 1) for name in DENSITY), ("pixel_cnn", 4)])
def test_every_density_model_is_evaluated(name, directions, small_config, tmp_path, monkeypatch):
    """Rows, likelihood and figures. The conditional one says nothing of known pixels."""
    workdir, config, drawn = Workdir(tmp_path / name), small_config(name, directions=directions), []
    workdir.create(config, overwrite=False)
    network = {"ema_generator": ordered_variables(build_generator(config))}
    checkpoints.save(workdir.last, network, {"best_step": 0})
    maps = figures.maps

    def draw_maps(images, values, *others):
        drawn.append(values)
        maps(images, values, *others)

    monkeypatch.setattr(figures, "maps", draw_maps)
    rows = evaluate(workdir, split="validation", limit=2)
    assert list(rows) == [name, f"{name} greedy", f"{name} sample"]
    whole = name != "conditional_pixel_cnn"
    for row in rows.values():
        assert set(METRICS) <= set(row) and ("bits_per_dim" in row) == whole
        bits = row["nats_per_hole"] / np.log(2) / (3 * config.hole**2)
        assert row["hole_bits_per_dim"] == pytest.approx(bits, rel=1e-5)
        assert 7 < bits < 10  # untrained
    assert rows[name]["hole_mse"] < rows[f"{name} sample"]["hole_mse"]
    for figure in ("completions", "errors", "samples", "probabilities", "entropy"):
        assert (workdir.figures / f"{figure}.png").read_bytes()[1:4] == b"PNG"
    known = center_masks(2, image_size=config.image_size, hole=config.hole).numpy()[..., 0] == 0
    (entropy,) = drawn
    np.testing.assert_array_equal(np.isnan(entropy), known & (not whole))
    assert (entropy[~known] > 3 * 6).all()  # bits of a pixel, at most 3 · 8


def test_holes_that_a_network_does_not_reach_are_refused_before_anything_is_measured(finished_run):
    finished = command("evaluate.py", finished_run, "--mask", "rectangle")
    assert finished.returncode == 2 and finished.stdout == ""
    assert "fill the centred 8×8 pixels alone: train it with --set mask=rectangle" in finished.stderr


def test_the_table_shows_what_validation_showed(finished_run):
    """evaluate.py on the validation split repeats the training's own figure for the best checkpoint."""
    finished = command("evaluate.py", finished_run, "--split", "validation")
    assert finished.returncode == 0, finished.stderr
    saved = json.loads((finished_run / "results.json").read_text())
    lines = [json.loads(line) for line in (finished_run / "metrics.jsonl").read_text().splitlines()]
    (best,) = [line for line in lines if line["step"] == saved["step"] and "validation_hole_mse" in line]
    for key in METRICS:
        assert saved["results"]["vgg_wgan"][key] == pytest.approx(best[f"validation_{key}"], rel=1e-3), key


def test_figures_of_several_runs(finished_run, tmp_path, monkeypatch):
    other = tmp_path / "elsewhere" / finished_run.name
    shutil.copytree(finished_run, other)
    drawn = []
    for function in ("side_by_side", "curves"):
        monkeypatch.setattr(figures, function, lambda columns, *_: drawn.append(list(columns)))
    for kind in ("grid", "curves"):
        path = draw(kind, [Workdir(finished_run), Workdir(other)], split="validation")
        assert path == other / "figures" / f"{kind}.png"
    # The same model in directories of the same name: told apart by their paths.
    paths = [str(finished_run), str(other)]
    assert drawn == [["context", *paths, "truth"], paths]


def test_the_overlap_figure_knows_which_run_is_which(finished_run, small_config, tmp_path):
    without = Workdir(tmp_path / "without")
    config = small_config("vgg_l2", overlap=0)
    without.create(config, overwrite=False)
    network = {"ema_generator": ordered_variables(build_generator(config))}
    checkpoints.save(without.last, network, {"best_step": 0})
    path = draw("overlap", [without, Workdir(finished_run)], split="validation")
    assert path == finished_run / "figures" / "overlap.png" and path.read_bytes()[1:4] == b"PNG"
    with pytest.raises(InputError, match="overlap=0 first"):
        draw("overlap", [Workdir(finished_run), without], split="validation")


def test_figures_refuse_what_does_not_compare(finished_run, tmp_path):
    finished = command("evaluate.py", "--figure", "overlap", finished_run, finished_run)
    assert finished.returncode == 2 and "takes two work directories" in finished.stderr
    finished = command("evaluate.py", "--figure", "grid", finished_run, "--limit", "3")
    assert finished.returncode == 2 and "leave out --baselines, --limit and --mask" in finished.stderr
    finished = command("evaluate.py", "--figure", "grid", finished_run, "--mask", "rectangle")
    assert finished.returncode == 2 and "leave out --baselines, --limit and --mask" in finished.stderr
    other = tmp_path / "other"
    shutil.copytree(finished_run, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "hole": 6}))
    finished = command("evaluate.py", "--figure", "grid", finished_run, other)
    assert finished.returncode == 2 and "the same data and holes" in finished.stderr


def test_history_counts_the_minutes_of_the_steps(finished_run):
    """5 steps of a batch of 4 without the critic up to step 4, of 3 batches with it, at the logged speeds."""
    lines = [line for line in Workdir(finished_run).history() if "images_per_second" in line]
    speeds = [line["images_per_second"] for line in lines]
    images = [4 * (4 + 3), 4 * 15, 4 * 15, 4 * 15]
    seconds = [count / speed for count, speed in zip(images, speeds, strict=True)]
    assert lines[-1]["minutes"] == pytest.approx(sum(seconds) / 60)


def test_a_validation_between_two_logged_speeds_has_a_time_of_its_own(tmp_path):
    # Batches of 60 at 10 images/s: 6 seconds a step. Validated at 5, in the middle of the first 10.
    workdir = Workdir(tmp_path)
    settings = {"batch_size": "60", "steps": "20", "validate_every": "5"}
    workdir.create(resolved(with_settings(experiment("vgg_l2"), settings)), overwrite=False)
    lines = [{"step": 5, "validation_hole_mse": 1.0}, {"step": 10, "images_per_second": 10.0}]
    cut = '{"step": 15, "images_per_'  # as kill -9 leaves it
    workdir.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + cut)
    assert [line["minutes"] for line in workdir.history()] == pytest.approx([0.5, 1.0])
    workdir.metrics.unlink()
    with pytest.raises(InputError, match="holds nothing yet"):
        workdir.history()


@pytest.mark.parametrize("what", ["missing", "no run", "no checkpoint", "bad config"])
def test_what_is_no_run_is_refused(tmp_path, finished_run, what):
    workdir = tmp_path / "run"
    if what != "missing":
        workdir.mkdir()
    if what == "no checkpoint":
        (workdir / "config.json").write_bytes((finished_run / "config.json").read_bytes())
    if what == "bad config":
        (workdir / "config.json").write_text("{")
    finished = command("evaluate.py", workdir)
    assert finished.returncode == 2 and len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    assert str(workdir) in finished.stderr


def test_baselines_leave_known_pixels_and_never_see_the_hole():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 32, 32, 3), np.uint8)
    masks = np.zeros((3, 32, 32), np.float32)
    masks[:, 12:20, 12:20] = 1
    hidden = np.where(masks[..., None] > 0, 0, images).astype(np.uint8)
    for name, method in BASELINES.items():
        completed = method(images, masks)
        np.testing.assert_array_equal(completed[masks == 0], images[masks == 0], err_msg=name)
        np.testing.assert_array_equal(completed, method(hidden, masks), err_msg=name)


def test_context_mean_by_hand():
    images = np.full((1, 4, 4, 3), 90, np.uint8)
    images[0, 0] = (10, 90, 130)
    masks = np.zeros((1, 4, 4), np.float32)
    masks[0, 3] = 1
    expected = np.rint((np.array([10, 90, 130]) + 180) / 3)
    assert (BASELINES["context mean"](images, masks)[0, 3] == expected).all()


@pytest.mark.parametrize(
    ("name", "count", "expected", "tolerance"),
    [
        ("context mean", 10_000, 0.0614, 0.0001),
        ("Telea", 10_000, 0.0220, 0.0001),
        ("Navier–Stokes", 10_000, 0.0212, 0.0001),
        ("biharmonic", 1_000, 0.0175, 0.0008),  # the first thousand: it takes milliseconds an image
    ],
)
def test_baselines_on_cifar10(cifar10, name, count, expected, tolerance):
    images = datasets.load("cifar10", "test", data_dir=cifar10, limit=count)
    errors = []
    for batch in evaluation_batches(images, mask="center", hole=8, fill="zeros").as_numpy_iterator():
        completed = to_float(
            BASELINES[name](np.uint8((batch["image"] + 1) * 127.5 + 0.5), batch["mask"][..., 0])
        )
        errors.append(per_image(prediction=completed, target=batch["image"], mask=batch["mask"])["hole_mse"])
    assert np.mean(np.concatenate(errors)) == pytest.approx(expected, abs=tolerance)
