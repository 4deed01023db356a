"""Runs on a folder of pictures: whatever a message advises works in the program that gives it."""

import json
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

import inpainting.measuring.evaluation
import inpainting.training.run
from inpainting import checkpoints
from inpainting.errors import InputError
from pipelines import datasets, folders
from tests.conftest import small_arguments


class Place:
    """A run on a folder of pictures, and another folder of other pictures beside it."""

    def __init__(self, root, pictures, finished_run):
        self.run, self.pictures, self.others = root / "run", root / "my pictures", root / "others"
        self.moved = root / "moved"
        shutil.copytree(finished_run, self.run)
        shutil.copytree(pictures, self.pictures)
        self.others.mkdir()
        for index in range(12):
            pixels = np.random.default_rng(100 + index).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(self.others / f"{index}.png")
        config = json.loads((self.run / "config.json").read_text())
        config["data"]["dataset"] = f"folder:{self.pictures}"
        (self.run / "config.json").write_text(json.dumps(config))
        self.resume = ["train.py", "--model", "vgg_wgan", "--workdir", self.run, "--resume"]
        self.evaluate = ["evaluate.py", self.run]

    def move(self):
        self.pictures.rename(self.moved)

    def mix(self, taken, given):
        """Moves pictures from one split to another by giving them the names of those that are there."""
        splits = folders.find(self.pictures).splits
        for name, other in zip(splits[taken], splits[given], strict=False):
            shutil.copy(self.pictures / name, self.pictures / other)

    def forget(self):
        (self.run / "files.json").unlink()


@pytest.fixture
def place(tmp_path, pictures, finished_run):
    return Place(tmp_path, pictures, finished_run)


@pytest.fixture
def accepted(monkeypatch, refused):
    """A function: runs a program until it has its data. Returns the line of a refusal, or None."""

    def stop(*_, **__):
        raise InputError("accepted")

    monkeypatch.setattr(inpainting.training.run, "build_trainer", stop)
    monkeypatch.setattr(inpainting.measuring.evaluation, "evaluation_batches", stop)

    def run(*arguments):
        line = refused(*arguments)
        return None if line.endswith("accepted") else line

    return run


def anew(place):
    return ["train.py", *small_arguments(place.pictures, place.run), "--overwrite"]


# What is wrong; the command; what its message advises; the command as advised.
ADVICE = {
    "resumed, moved": (
        Place.move,
        lambda place: place.resume,
        "--dataset folder:PATH",
        lambda place: [*place.resume, "--dataset", f"folder:{place.moved}"],
    ),
    "evaluated, moved": (
        Place.move,
        lambda place: place.evaluate,
        "--dataset folder:PATH",
        lambda place: [*place.evaluate, "--dataset", f"folder:{place.moved}/"],
    ),
    "resumed, other pictures": (
        Place.move,
        lambda place: [*place.resume, "--dataset", f"folder:{place.others}"],
        "--dataset folder:PATH",
        lambda place: [*place.resume, "--dataset", f"folder:{place.moved}"],
    ),
    "resumed, other pictures, anew": (
        lambda place: None,
        lambda place: [*place.resume, "--dataset", f"folder:{place.others}"],
        "--overwrite in place of --resume",
        anew,
    ),
    "resumed, test pictures in training": (
        lambda place: place.mix("test", "train"),
        lambda place: place.resume,
        "--overwrite in place of --resume",
        anew,
    ),
    "evaluated, training pictures in the test": (
        lambda place: place.mix("train", "test"),
        lambda place: place.evaluate,
        "--dataset folder:PATH",
        lambda place: [*place.evaluate, "--dataset", f"folder:{place.others}"],
    ),
    "resumed, no list": (
        Place.forget,
        lambda place: place.resume,
        "--overwrite in place of --resume",
        anew,
    ),
    "evaluated, no list": (
        Place.forget,
        lambda place: place.evaluate,
        "--dataset folder:PATH",
        lambda place: [*place.evaluate, "--dataset", f"folder:{place.others}"],
    ),
    "evaluated, no prefix": (
        lambda place: None,
        lambda place: [*place.evaluate, "--dataset", place.pictures],
        "--dataset folder:PATH",
        lambda place: [*place.evaluate, "--dataset", f"folder:{place.pictures}"],
    ),
    **{
        f"trained, {name}": (
            lambda place: None,
            lambda place, wrong=wrong: [
                "train.py", *small_arguments("", place.run.with_name("new")), "--dataset", wrong(place)
            ],
            "--dataset folder:PATH",
            lambda place: ["train.py", *small_arguments(place.pictures, place.run.with_name("new"))],
        )
        for name, wrong in {
            "no path": lambda place: "folder:",
            "no folder": lambda place: f"folder:{place.moved}",
            "a file": lambda place: f"folder:{place.pictures}/000.jpg",
            "no pictures": lambda place: f"folder:{place.run / 'checkpoints'}",
            "a run": lambda place: f"folder:{place.run}",
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("case", ADVICE)
def test_every_advice_works(accepted, place, case):
    disturb, command, advice, advised = ADVICE[case]
    disturb(place)
    assert advice in accepted(*command(place))
    assert accepted(*advised(place)) is None


@pytest.mark.parametrize("what", ["my pictures", "my pictures/000.jpg", "./my pictures"])
def test_a_forgotten_prefix_is_spelt_out(accepted, place, tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    command = ["train.py", *small_arguments("", place.run.with_name("new"))]
    line = accepted(*command, "--dataset", what)
    spelling = shlex.split(line.partition("write ")[2])
    assert spelling[0] == "--dataset" and folders.of(spelling[1])
    assert accepted(*command, *spelling) is None


def test_a_place_is_given_for_folders_alone(refused, place):
    line = refused(*place.resume, "--dataset", "dead_leaves")
    assert "was trained with dataset=folder:" in line and "leave the setting out" in line
    config = json.loads((place.run / "config.json").read_text())
    config["data"]["dataset"] = "dead_leaves"
    (place.run / "config.json").write_text(json.dumps(config))
    line = refused(*place.evaluate, "--dataset", f"folder:{place.pictures}")
    assert "was trained on dead_leaves, no folder: leave out --dataset" in line


def test_nothing_is_written_before_every_split_has_a_readable_picture(accepted, place):
    for name in folders.find(place.pictures).splits["test"]:
        (place.pictures / name).write_bytes(b"")
    new = place.run.with_name("new")
    line = accepted("train.py", *small_arguments(place.pictures, new))
    assert f"none of the 4 test pictures in {place.pictures} can be read" in line
    assert not new.exists()


@pytest.mark.slow
def test_a_run_goes_on_where_the_pictures_have_moved_to(call, place):
    place.move()
    moved = ["--dataset", f"folder:{place.moved}"]
    (place.moved / "new.jpg").write_bytes((place.others / "0.png").read_bytes())
    status, stdout, stderr = call(*place.resume, *moved, "--steps", 22)
    assert status == 0, stderr
    assert "resumed at step 20" in stdout
    assert "the pictures have changed since the run began: 1 added" in stdout.splitlines()
    status, stdout, stderr = call(*place.evaluate)  # the run knows the place now, and the new picture
    assert status == 0 and "have changed" not in stdout, stderr


@pytest.mark.slow
@pytest.mark.parametrize("validate_every", [4, 1000])
def test_pictures_that_vanish_end_a_streamed_run(call, pictures, monkeypatch, tmp_path, caplog, validate_every):
    here, gone, workdir = tmp_path / "here", tmp_path / "gone", tmp_path / "run"
    shutil.copytree(pictures, here)
    monkeypatch.setitem(datasets.load.__kwdefaults__, "memory_limit", 1)
    save = checkpoints.save

    def save_and_lose(path, *state):
        save(path, *state)
        if here.exists():
            here.rename(gone)

    monkeypatch.setattr(checkpoints, "save", save_and_lose)
    settings = {"steps": 1000, "checkpoint_every": 2, "validate_every": validate_every}
    status, _, stderr = call("train.py", *small_arguments(here, workdir, model="vgg_l2", **settings))
    assert status == 2 and "Traceback" not in stderr, stderr
    skipped = [line for line in caplog.messages if "unreadable" in line]
    assert len(skipped) == len(set(skipped)) <= 40
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    step, line = int(groups["step"][0]), stderr.splitlines()[-1]
    assert f"pictures in {here} can be read" in line and f"saved at step {step}" in line
    assert 2 <= step < 1000
    resume = ["train.py", "--model", "vgg_l2", "--workdir", workdir, "--resume", "--steps", step + 1]
    status, _, stderr = call(*resume, "--dataset", f"folder:{gone}")
    assert status == 0, stderr
