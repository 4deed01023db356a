"""evaluate.py: tables, results and figures of runs. What it refuses is in test_refusals.py."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from inpainting import checkpoints
from inpainting.config.generators import DENSITY
from inpainting.config.settings import with_settings
from inpainting.errors import InputError
from inpainting.filling import fillers
from inpainting.filling.classical import CLASSICAL
from inpainting.masks import center_masks, fill_hole
from inpainting.measuring import c2st, evaluation, figures
from inpainting.measuring.drawing import draw
from inpainting.measuring.evaluation import evaluate
from inpainting.measuring.metrics import METRICS, per_image, summarise
from inpainting.pixels import to_float, to_uint8
from inpainting.variables import ordered_variables
from inpainting.workdir import Workdir
from models import build_generator
from pipelines import datasets, file_list, folders
from pipelines.inpainting import evaluation_batches


def untrained(config, folder):
    """A run of the config whose networks are as they are made."""
    workdir = Workdir(folder)
    workdir.create(config, overwrite=False)
    file_list.of(folders.of(config.data.dataset)).write(workdir.files)
    network = {"ema_generator": ordered_variables(build_generator(config))}
    checkpoints.save(workdir.last, network, {"best_step": 0})
    return workdir


def rows_of(stdout):
    """The cells of the printed table: a list for each row, its heading first."""
    lines = [line for line in stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def figures_of(run):
    """Where the figures of its only measurement with centred holes are."""
    (folder,) = (run / "figures").glob("*-center*")
    return folder


def predicted(run, split):
    """What the run's network predicts for all images of a split, unrounded, and their batch."""
    data = Workdir(run).read_config().data
    images = datasets.load(data.dataset, split, **data.source)
    batch = next(iter(evaluation_batches(images, **data.masking)))
    assert len(batch["image"]) == images.count
    network = fillers.load_fillers(Workdir(run))[0][0].network
    context = fill_hole(batch["image"], batch["mask"], fill=data.fill, seed=[0, 0])
    return network([context, batch["mask"]], training=False), batch


def summary(prediction, batch):
    """The METRICS of a prediction."""
    values = per_image(prediction=prediction, target=batch["image"], mask=batch["mask"])
    return {key: float(value) for key, value in summarise({k: np.mean(v) for k, v in values.items()}).items()}


def metrics_at(run, step, key):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    (line,) = [line for line in lines if line["step"] == step and key in line]
    return line


def test_evaluation_prints_a_table_and_writes_results(call, finished_run, pictures):
    status, stdout, stderr = call("evaluate.py", finished_run, "--baselines", "--split", "validation")
    assert status == 0, stderr
    heading, *rows = rows_of(stdout)
    assert [row[0] for row in rows] == [str(finished_run), *CLASSICAL]
    assert heading == ["filler", "hole_mse", "behind_best", *METRICS[1:], "ms_per_image", "parameters"]
    name = f"{pictures.name}-validation-center"
    assert f"kept in {finished_run}/results-{name}.json and {finished_run}/figures/{name}" in stdout
    saved = json.loads((finished_run / f"results-{name}.json").read_text())
    assert saved["images"] == 4 and saved["split"] == "validation"
    assert list(saved["results"]) == ["vgg_wgan", *CLASSICAL]
    row = saved["results"]["vgg_wgan"]
    assert rows[0][1] == f"{row['hole_mse']:.4f} ± {row['hole_mse_interval']:.4f}"
    errors = [saved["results"][name]["hole_mse"] for name in saved["results"]]
    behind = [row[2].partition(" ")[0] for row in rows]
    expected = [f"{error - min(errors):.4f}" if error > min(errors) else "" for error in errors]
    assert behind == expected
    prediction, batch = predicted(finished_run, split="validation")
    best = metrics_at(finished_run, saved["step"], "validation_hole_mse")
    for key, expected in summary(prediction, batch).items():
        assert best[f"validation_{key}"] == pytest.approx(expected, rel=1e-3), key  # the training's own figures
    for key, expected in summary(to_float(to_uint8(prediction)), batch).items():
        assert row[key] == pytest.approx(expected, rel=1e-5), key
    for name in ("completions.png", "errors.png", "plane.png"):
        assert (figures_of(finished_run) / name).read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
def test_a_density_model_has_a_row_for_each_mode(call, small_run, pictures):
    """From the command line: training, export, table and figures."""
    run = small_run("pixel_cnn")
    assert (run / "saved_model" / "1" / "saved_model.pb").exists()
    status, stdout, stderr = call("evaluate.py", run, "--split", "validation")
    assert status == 0, stderr
    heading, *rows = rows_of(stdout)
    assert [row[0] for row in rows] == [str(run), f"{run} greedy", f"{run} sample"]
    bits = heading.index("bits_per_dim")
    assert rows[0][bits] and not rows[1][bits]  # the likelihood is the same however holes are filled
    saved = json.loads((run / f"results-{pictures.name}-validation-center.json").read_text())
    results = saved["results"]["pixel_cnn"]
    best = metrics_at(run, saved["step"], "validation_nats_per_hole")
    assert results["bits_per_dim"] == pytest.approx(best["validation_bits_per_dim"], rel=1e-3)
    for name in ("completions", "errors", "samples", "probabilities", "entropy"):
        assert (figures_of(run) / f"{name}.png").read_bytes()[1:4] == b"PNG"
    status, _, stderr = call("evaluate.py", run, "--mirror")
    assert status == 2 and "not for density models" in stderr
    # Other holes than the centred ones: the likelihood of whole images is the same, all else is not.
    status, stdout, stderr = call("evaluate.py", run, "--split", "validation", "--mask", "rectangle")
    assert status == 0, stderr
    assert "hole: rectangle" in stdout
    saved = json.loads((run / f"results-{pictures.name}-validation-rectangle.json").read_text())
    assert saved["mask"] == "rectangle"
    elsewhere = saved["results"]["pixel_cnn"]
    assert elsewhere["bits_per_dim"] == pytest.approx(results["bits_per_dim"], rel=1e-6)
    assert elsewhere["hole_mse"] != pytest.approx(results["hole_mse"], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "directions"),
    [
        ("conditional_pixel_cnn", 1),
        *(pytest.param(name, 1, marks=pytest.mark.slow) for name in DENSITY if name != "conditional_pixel_cnn"),
        pytest.param("pixel_cnn", 4, marks=pytest.mark.slow),
    ],
)
def test_every_density_model_is_evaluated(name, directions, small_config, tmp_path, monkeypatch):
    """Rows, likelihood and figures. The conditional one says nothing of known pixels."""
    config, drawn, maps = small_config(name, directions=directions), [], figures.maps
    workdir = untrained(config, tmp_path / name)

    def draw_maps(images, values, *others):
        drawn.append(values)
        maps(images, values, *others)

    monkeypatch.setattr(figures, "maps", draw_maps)
    rows, errors = evaluate(workdir, *fillers.load_fillers(workdir), split="validation", limit=2)
    assert list(rows) == list(errors)
    assert list(rows) == [name, f"{name} greedy", f"{name} sample"]
    assert all(set(METRICS) <= set(row) for row in rows.values())
    row, whole = rows[name], name != "conditional_pixel_cnn"
    assert ("bits_per_dim" in row) == whole
    bits = row["nats_per_hole"] / np.log(2) / (3 * config.data.hole**2)
    assert row["hole_bits_per_dim"] == pytest.approx(bits, rel=1e-5)
    assert 7 < bits < 10  # untrained
    for figure in ("completions", "errors", "samples", "probabilities", "entropy"):
        assert (figures_of(workdir.path) / f"{figure}.png").read_bytes()[1:4] == b"PNG"
    known = center_masks(2, image_size=config.data.image_size, hole=config.data.hole).numpy()[..., 0] == 0
    (entropy,) = drawn
    np.testing.assert_array_equal(np.isnan(entropy), known & (not whole))
    assert (entropy[~known] > 3 * 6).all()  # bits of a pixel, at most 3 · 8


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
    assert drawn == [["context", "biharmonic", *paths, "truth"], paths]


@pytest.mark.slow
def test_a_grid_shows_a_density_model_s_samples_too(small_config, tmp_path, monkeypatch):
    runs = [untrained(small_config(model), tmp_path / model) for model in ("vgg_l2", "conditional_pixel_cnn")]
    drawn = {}
    monkeypatch.setattr(figures, "side_by_side", lambda columns, path: drawn.update(columns))
    draw("grid", runs, split="validation")
    density = ["conditional_pixel_cnn", "conditional_pixel_cnn sample"]
    assert list(drawn) == ["context", "biharmonic", "vgg_l2", *density, "truth"]
    assert (np.asarray(drawn[density[0]]) != np.asarray(drawn[density[1]])).any()


@pytest.mark.slow
def test_the_dial_between_two_runs(call, finished_run, small_config, pictures, tmp_path, monkeypatch):
    """Its ends have the runs' own values."""
    monkeypatch.setattr(c2st, "FILTERS", (4,))
    monkeypatch.setattr(c2st, "UPDATES", 2)
    first = untrained(small_config("vgg_l2"), tmp_path / "first")
    command = [first.path, finished_run, "--realism", "0,0.5,1", "--mirror", "--c2st", "--split", "train"]
    status, stdout, stderr = call("evaluate.py", *command)
    assert status == 0, stderr
    heading, *rows = rows_of(stdout)
    dial = [f"realism {realism} from {first.path}" for realism in (0, 0.5, 1)]
    runs = [f"{run}{way}" for run in (first.path, finished_run) for way in ("", " mirrored")]
    assert [row[0] for row in rows] == [*runs, *dial]
    same = slice(heading.index("l2"), heading.index("c2st"))  # c2st is so but for the order of additions
    assert rows[0][same] == rows[4][same] and rows[2][same] == rows[6][same]
    assert rows[0][same] != rows[5][same] != rows[2][same]
    assert rows[0][same] != rows[1][same]
    assert all(0 <= float(row[heading.index("c2st")].split(" ± ")[0]) <= 1 for row in rows)
    name = f"{pictures.name}-train-center"
    saved = json.loads((finished_run / f"results-{name}.json").read_text())
    assert dial == list(saved["results"])[2:]
    assert (finished_run / "figures" / name / "plane.png").exists()
    assert not (first.figures / name / "plane.png").exists()


def test_the_overlap_figure_knows_which_run_is_which(small_config, tmp_path, monkeypatch):
    without = untrained(small_config("vgg_l2", overlap=0), tmp_path / "without")
    overlapping = untrained(small_config("vgg_l2"), tmp_path / "with")
    drawn, draw_columns = {}, figures.side_by_side

    def side_by_side(columns, path):
        drawn.update(columns)
        draw_columns(columns, path)

    monkeypatch.setattr(figures, "side_by_side", side_by_side)
    path = draw("overlap", [without, overlapping], split="validation")
    assert path == overlapping.path / "figures" / "overlap.png" and path.read_bytes()[1:4] == b"PNG"
    assert list(drawn) == ["context", "without overlap", "with overlap", "truth"]
    assert (np.asarray(drawn["without overlap"]) != np.asarray(drawn["with overlap"])).any()


def test_history_counts_the_minutes_of_the_steps(finished_run):
    """Steps of a batch of 4 up to step 6, of 2 batches for the critic alone up to step 8, and of 3 batches."""
    lines = [line for line in Workdir(finished_run).history() if "images_per_second" in line]
    speeds = [line["images_per_second"] for line in lines]
    images = [4 * 5, 4 * (1 + 2 * 2 + 2 * 3), 4 * 15, 4 * 15]
    seconds = [count / speed for count, speed in zip(images, speeds, strict=True)]
    assert lines[-1]["minutes"] == pytest.approx(sum(seconds) / 60)


def test_a_validation_between_two_logged_speeds_has_a_time_of_its_own(small_config, tmp_path, refused):
    # Batches of 60 at 10 images/s: 6 seconds a step. Validated at 5, in the middle of the first 10.
    workdir = Workdir(tmp_path)
    settings = {"batch_size": 60, "steps": 20, "validate_every": 5}
    workdir.create(with_settings(small_config("vgg_l2"), settings), overwrite=False)
    lines = [{"step": 5, "validation_hole_mse": 1.0}, {"step": 10, "images_per_second": 10.0}]
    cut = '{"step": 15, "images_per_'  # as kill -9 leaves it
    workdir.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines) + cut)
    assert [line["minutes"] for line in workdir.history()] == pytest.approx([0.5, 1.0])
    workdir.metrics.unlink()
    assert "holds nothing yet" in refused("evaluate.py", "--figure", "curves", tmp_path)


@pytest.fixture
def measured(monkeypatch):
    """Measuring without a network: every run has one filler, whose hole_mse is 0.125."""
    filler = SimpleNamespace(name="vgg_l2")
    monkeypatch.setattr(fillers, "load_fillers", lambda workdir, **_: ([filler], {"best_step": 0}))
    monkeypatch.setattr(evaluation, "measure", lambda *_, **__: ({"hole_mse": 0.125}, np.zeros(1)))
    monkeypatch.setattr(evaluation.drawing, "draw_run", lambda *drawn: drawn[-1].mkdir(parents=True))
    for function in ("error_histogram", "plane"):
        monkeypatch.setattr(figures, function, lambda rows, path: None)


def made(config, folder):
    Workdir(folder).create(config, overwrite=False)
    return folder


def test_each_measurement_is_kept(call, measured, small_config, tmp_path):
    run = made(small_config("vgg_l2", dataset="dead_leaves", mask="rectangle"), tmp_path / "run")
    for flags in ([], ["--split", "validation"], ["--limit", "8"], ["--mask", "free_form"]):
        status, _, stderr = call("evaluate.py", run, "--limit", "5", *flags)
        assert (status, stderr) == (0, "")
    wholes = {"test-rectangle-first5", "validation-rectangle-first5", "test-rectangle-first8"}
    kept = {f"dead_leaves-{name}" for name in wholes | {"test-free_form-first5"}}
    assert {path.stem.removeprefix("results-") for path in run.glob("results*.json")} == kept
    assert {path.name for path in (run / "figures").iterdir()} == kept


def test_a_table_that_cannot_be_kept_is_printed(call, measured, small_config, tmp_path, caplog):
    run = made(small_config("vgg_l2", dataset="dead_leaves"), tmp_path / "run")
    (run / "results-dead_leaves-test-center-first5.json").mkdir()
    status, stdout, _ = call("evaluate.py", run, "--limit", "5")
    assert status == 0 and rows_of(stdout)[1] == [str(run), "0.1250 ± 0.0000"] and "kept in" not in stdout
    assert f"not kept: {run}/results-dead_leaves-test-center-first5.json: Is a directory" in caplog.text


def test_the_table_of_the_first_run_outlives_the_second(call, measured, small_config, tmp_path, monkeypatch):
    config = small_config("vgg_l2", dataset="dead_leaves")
    runs = [made(config, tmp_path / name) for name in ("one", "two")]

    def load(workdir, **_):
        if workdir.path == runs[1]:
            raise InputError("it is damaged")
        return [SimpleNamespace(name="vgg_l2")], {"best_step": 0}

    # Damaged: nothing is measured. Something else that befalls it: what has been measured is printed.
    with monkeypatch.context() as patched:
        patched.setattr(fillers, "load_fillers", load)
        assert call("evaluate.py", *runs, "--limit", "5") == (2, "", "evaluate.py: it is damaged\n")
    measurements = iter([({"hole_mse": 0.125}, np.zeros(1))])

    def measure(*_, **__):
        for measurement in measurements:
            return measurement
        raise InputError("a picture is gone")

    monkeypatch.setattr(evaluation, "measure", measure)
    status, stdout, stderr = call("evaluate.py", *runs, "--limit", "5")
    assert (status, stderr) == (2, "evaluate.py: a picture is gone\n")
    assert rows_of(stdout)[1:] == [[str(runs[0]), "0.1250 ± 0.0000"]]
