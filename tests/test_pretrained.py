"""Published weights: what is written of a run, what is read back, and what starts from it.

tests/data/published_keras_N was written on Keras N by `python -m tests.test_pretrained`: a U-Net, every weight
of which follows from its name.
"""

import json
import shutil
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from inpainting import checkpoints, pretrained
from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.errors import InputError
from inpainting.filling.fillers import load_fillers
from inpainting.pretrained import AVERAGE, average, check_start, write
from inpainting.training.run import keras_line, start_from
from inpainting.variables import ordered_variables, weights_of
from inpainting.workdir import Workdir
from models import build_generator
from tests.conftest import ROOT

TINY = {"image_size": 16, "generator.filters": 2, "levels": 1}


def tiny(**settings):
    return with_settings(experiment("unet_l2"), {**TINY, "dataset": "dead_leaves", **settings})


def randomised(network, scale=0.1):
    random = np.random.default_rng(0)
    for variable in weights_of(network):
        variable.assign(scale * np.abs(random.normal(size=variable.shape)).astype(np.float32))
    return network


def run_of(config, network, folder):
    """A run whose last checkpoint holds the network as the average."""
    workdir = Workdir(folder)
    workdir.create(config, overwrite=False)
    checkpoints.save(workdir.last, {AVERAGE: ordered_variables(network)}, {"best_step": 7})
    return workdir


@pytest.fixture
def published(tmp_path):
    """The Workdir of a tiny U-Net's published weights, beside the run's."""
    config = tiny()
    run = run_of(config, randomised(build_generator(config)), tmp_path / "run")
    write(run, Workdir(tmp_path / "published"), "a card")
    return Workdir(tmp_path / "published")


def test_published_weights_fill_as_the_run_s(published, tmp_path):
    (filler,), progress = load_fillers(published)
    (original,), _ = load_fillers(Workdir(tmp_path / "run"))
    assert progress == {"best_step": 7}
    for variable, source in zip(weights_of(filler.network), weights_of(original.network), strict=True):
        exact = source.numpy()
        expected = exact if exact.ndim < 2 else exact.astype(np.float16)  # 11 significant bits
        np.testing.assert_array_equal(variable.numpy(), expected)
    pictures = np.random.default_rng(1).integers(0, 256, (2, 16, 16, 3), np.uint8)
    masks = np.zeros((2, 16, 16))
    masks[:, 6:10, 6:10] = 1
    filled, expected = filler(pictures, masks), original(pictures, masks)
    assert (expected != pictures).any()
    np.testing.assert_allclose(filled.astype(int), expected, atol=1)


def test_what_is_published_says_nothing_of_the_disk(tmp_path):
    config = tiny(dataset="folder:/home/me/pictures/", data_dir="/home/me/tfds")
    run = run_of(config, build_generator(config), tmp_path / "run")
    write(run, published := Workdir(tmp_path / "published"), "a card")
    names = {"config.json", "weights.npz", "weights.sha256", "README.md"}
    assert {path.name for path in published.path.iterdir()} == names
    config = json.loads(published.config.read_text())
    assert (config["data"]["dataset"], config["data"]["data_dir"]) == ("folder:pictures", None)
    assert "/home" not in published.config.read_text()


@pytest.mark.parametrize("what", ["a bit", "no weights", "no hash", "another hash"])
def test_damaged_weights_are_refused(refused, published, what):
    content = bytearray(published.weights.read_bytes())
    if what == "a bit":
        content[-1] ^= 1
        published.weights.write_bytes(content)
    elif what == "another hash":
        published.sha256.write_text("")
    else:
        (published.weights if what == "no weights" else published.sha256).unlink()
    line = refused("evaluate.py", published.path)
    assert "get the published weights anew" in line and str(published.path) in line


def test_what_cannot_be_published_writes_nothing(tmp_path, monkeypatch):
    config, network = tiny(), build_generator(tiny())
    kernel = weights_of(network)[0]
    kernel.assign(np.full(kernel.shape, 65504.0))  # the largest number of float16
    run, published = run_of(config, network, tmp_path / "run"), Workdir(tmp_path / "published")
    write(run, published, "")
    shutil.rmtree(published.path)
    monkeypatch.setattr(pretrained, "LARGEST", 1000)
    with pytest.raises(InputError, match="MB, at most"):
        write(run, published, "")
    kernel.assign(np.full(kernel.shape, -7e4))
    checkpoints.save(run.last, {AVERAGE: ordered_variables(network)}, {"best_step": 7})
    with pytest.raises(InputError, match="a weight of 7e.04, more than float16 holds"):
        write(run, published, "")
    assert not published.path.exists()


def test_a_run_starts_from_the_average(published):
    """Generator and average; dropout's random state, which the source has none of, is left as it is."""
    networks = [randomised(build_generator(tiny(dropout=0.5)), scale) for scale in (0.2, 0.3)]
    trainer = SimpleNamespace(generator=networks[0], ema_generator=networks[1])
    start_from(trainer, published)
    arrays, _, _ = average(published)
    for network in networks:
        for variable, array in zip(weights_of(network), arrays, strict=True):
            np.testing.assert_array_equal(variable.numpy(), array.astype(np.float32))


@pytest.mark.parametrize(
    ("model", "settings", "other", "its", "message"),
    [
        ("cnn_l2", {}, "vgg_l2", {}, "is of a vgg, not of the cnn of cnn_l2"),
        ("vgg_wgan", {"generator.filters": 8}, "vgg_l2", {}, "with generator.filters=64, not 8"),
        ("unet_l2", {"levels": 2}, "unet_l2", {"filters": 8}, "with generator.filters=8, not 96"),
        ("cnn_l2", {}, "cnn_l2", {"image_size": 64}, "with data.image_size=64, not 32"),
        ("cnn_l2", {}, "cnn_l2", {"overlap": 0}, "with method.overlap=0, not 4"),
    ],
)
def test_another_generator_is_no_start(tmp_path, model, settings, other, its, message):
    initial = Workdir(tmp_path)
    initial.create(with_settings(experiment(other), its), overwrite=False)
    with pytest.raises(InputError, match=message):
        check_start(with_settings(experiment(model), settings), initial)


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("vgg_wgan", {"overlap": 4, "generator.dropout": 0.5, "batch_size": 8, "dataset": "dead_leaves"}),
        ("vgg_l2", {"hole": 4, "overlap": 6}),  # the same patch
    ],
)
def test_what_shapes_no_weight_may_differ(tmp_path, model, settings):
    initial = Workdir(tmp_path)
    initial.create(experiment("vgg_l2"), overwrite=False)
    check_start(with_settings(experiment(model), settings), initial)


def test_refused_starts_write_nothing(refused, published, tmp_path):
    model = ["--model", "unet_l2", "--workdir", tmp_path / "new"]
    assert "give one" in refused("train.py", *model, "--resume", "--initial", published.path)
    assert "/no/such is not a run's" in refused("train.py", *model, "--initial", "/no/such")
    assert "with generator.filters=2, not 96" in refused("train.py", *model, "--initial", published.path)
    assert not (tmp_path / "new").exists()
    line = refused("train.py", "--model", "unet_l2", "--workdir", published.path, "--overwrite")
    assert "holds published weights" in line and published.config.exists()


@pytest.mark.slow
def test_published_weights_are_trained_on_and_measured(call, tmp_path, pictures, monkeypatch, small_run):
    """What is measured goes to runs/pretrained; an adversarial run starts where its L2 ended."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / pictures.name).symlink_to(pictures)  # a published config knows the folder's name
    published = Workdir("pretrained/vgg_l2")
    write(Workdir(small_run("vgg_l2")), published, "")
    before = {path: path.read_bytes() for path in published.path.iterdir()}
    status, stdout, stderr = call("evaluate.py", "pretrained/vgg_l2", "--split", "validation")
    assert status == 0, stderr
    assert "| pretrained/vgg_l2 |" in stdout
    measured = tmp_path / "runs" / "pretrained" / "vgg_l2"
    results = json.loads((measured / f"results-{pictures.name}-validation-center.json").read_text())
    assert {path: path.read_bytes() for path in published.path.iterdir()} == before

    from tests.conftest import small_arguments

    settings = {"warmup_steps": 0, "generator_learning_rate": 1e-30, "ema_decay": 0, "steps": 2}
    arguments = small_arguments(pictures, tmp_path / "new", **settings)
    status, stdout, stderr = call("train.py", *arguments, "--initial", "pretrained/vgg_l2")
    assert status == 0, stderr
    assert "starts from the averaged weights of pretrained/vgg_l2/weights.npz" in stdout
    _, progress = checkpoints.load(tmp_path / "new" / "checkpoints" / "last.npz")
    assert progress["initial"] == "pretrained/vgg_l2"
    # Nothing has moved; evaluate.py rounds to 8 bits.
    last = json.loads((tmp_path / "new" / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["validation_hole_mse"] == pytest.approx(results["results"]["vgg_l2"]["hole_mse"], rel=0.01)


def by_name(variable):
    """The values that a fixture's variable has: of its layer and its name, exact in float16."""
    layer, name = getattr(variable, "path", variable.name).split(":")[0].split("/")[-2:]
    first = zlib.crc32(f"{layer}/{name}".encode()) % 1021
    count = int(np.prod(variable.shape))
    return ((first + np.arange(count)) % 1021 / 1024).astype(np.float32).reshape(variable.shape)


@pytest.mark.parametrize("line", [2, 3])
def test_weights_of_either_keras_line_are_read(line):
    folder = ROOT / "tests" / "data" / f"published_keras_{line}"
    (filler,), _ = load_fillers(Workdir(folder))
    assert filler.name == "unet_l2"
    for variable in weights_of(filler.network):
        np.testing.assert_array_equal(variable.numpy(), by_name(variable), err_msg=variable.name)


def write_fixture(scratch):
    config = tiny(levels=2)
    network = build_generator(config)
    for variable in weights_of(network):
        variable.assign(by_name(variable))
    folder = ROOT / "tests" / "data" / f"published_keras_{keras_line()}"
    write(run_of(config, network, scratch), Workdir(folder), "A test's weights.\n")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        write_fixture(f"{scratch}/run")
