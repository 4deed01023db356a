"""A run's file list: what has changed since the run began is said, what is mixed up is refused."""

import json
import os

import pytest

from inpainting.errors import InputError
from pipelines import file_list, folders
from pipelines.file_list import FileList


@pytest.fixture
def run(tmp_path):
    """A folder of files in subfolders by split, and the list of a run on it."""
    for split, count in (("train", 4), ("validation", 2), ("test", 2)):
        (tmp_path / "data" / split).mkdir(parents=True)
        for index in range(count):
            (tmp_path / "data" / split / f"{index}.png").write_text(f"{split} {index}")
    path = tmp_path / "run" / "files.json"
    path.parent.mkdir()
    file_list.of(folders.find(tmp_path / "data")).write(path)
    return tmp_path / "data", path


def resumed(data, path):
    return file_list.resumed(folders.find(data), path)


def measured(data, path, split="test", elsewhere=False):
    return file_list.measured(f"folder:{data}", path, split, elsewhere=elsewhere)


def test_it_keeps_what_it_was_given(run):
    data, path = run
    kept = file_list.read(path)
    assert kept == file_list.of(folders.find(data))
    assert {split: len(names) for split, names in kept.splits.items()} == {
        "train": 4,
        "validation": 2,
        "test": 2,
    }
    assert len(kept.trained) == 4 and list(path.parent.iterdir()) == [path]


def test_names_of_any_bytes_are_kept(tmp_path):
    for index in range(3):
        with open(os.path.join(os.fsencode(tmp_path), b"\xe9%d.png" % index), "w") as file:
            file.write(str(index))
    files = file_list.of(folders.find(tmp_path))
    (tmp_path / "run").mkdir()
    files.write(tmp_path / "run" / "files.json")
    assert file_list.read(tmp_path / "run" / "files.json") == files


def test_nothing_is_said_where_nothing_has_changed_also_at_another_place(run, capsys):
    data, path = run
    moved = data.rename(data.with_name("moved"))
    assert resumed(moved, path) == file_list.read(path)
    assert not capsys.readouterr().out
    assert measured(moved, path).splits == folders.find(moved).splits
    assert "changed" not in capsys.readouterr().out


@pytest.mark.parametrize("check", [resumed, measured])
def test_what_has_changed_is_counted(run, capsys, check):
    data, path = run
    (data / "train" / "new.png").write_text("new")
    (data / "test" / "new.png").write_text("another")
    (data / "train" / "0.png").unlink()
    (data / "train" / "1.png").write_text("altered")
    check(data, path)
    line = "the pictures have changed since the run began: 2 added, 1 gone, 1 altered"
    assert line in capsys.readouterr().out.splitlines()


def test_test_pictures_do_not_become_training_ones(run):
    data, path = run
    (data / "test" / "0.png").rename(data / "train" / "renamed.png")
    with pytest.raises(InputError, match="1 train pictures in .* were for the test of .*renamed.png.*anew"):
        resumed(data, path)


def test_a_run_is_not_measured_on_what_it_was_trained_on(run):
    data, path = run
    (data / "train" / "0.png").rename(data / "test" / "renamed.png")
    (data / "train" / "1.png").rename(data / "validation" / "renamed.png")
    with pytest.raises(InputError, match="1 test pictures in .* were trained on by .*--dataset folder:PATH"):
        measured(data, path)
    with pytest.raises(InputError, match="1 validation pictures"):
        measured(data, path, "validation")
    measured(data, path, "train")


def test_what_was_trained_on_and_is_gone_is_not_forgotten(run):
    data, path = run
    text = (data / "train" / "0.png").read_text()
    (data / "train" / "0.png").unlink()
    resumed(data, path).write(path)
    (data / "test" / "back.png").write_text(text)
    with pytest.raises(InputError, match="1 test pictures"):
        measured(data, path)


def test_copies_that_were_there_from_the_start_are_no_change(run):
    data, path = run
    (data / "test" / "copy.png").write_text((data / "train" / "0.png").read_text())
    file_list.of(folders.find(data)).write(path)
    resumed(data, path)
    measured(data, path)


def test_empty_files_are_not_taken_for_one_another(run):
    data, path = run
    (data / "train" / "0.png").write_text("")
    file_list.of(folders.find(data)).write(path)
    (data / "test" / "0.png").write_text("")
    measured(data, path)


def test_other_pictures_are_no_resumed_run_and_may_be_measured(run, tmp_path):
    _, path = run
    (tmp_path / "others").mkdir()
    for index in range(3):
        (tmp_path / "others" / f"{index}.png").write_text(f"other {index}")
    with pytest.raises(InputError, match="none of the pictures of .*--dataset folder:PATH, or .*--overwrite"):
        resumed(tmp_path / "others", path)
    assert measured(tmp_path / "others", path)


def test_a_run_without_a_list_goes_no_further_and_is_measured_elsewhere_alone(run, capsys):
    data, path = run
    path.unlink()
    with pytest.raises(InputError, match="files.json is missing.*--overwrite in place of --resume"):
        resumed(data, path)
    with pytest.raises(InputError, match="files.json is missing.*--dataset folder:PATH"):
        measured(data, path)
    assert measured(data, path, elsewhere=True)
    assert f"{path} is missing" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps({"splits": {"train": 3}, "earlier": []})])
def test_a_damaged_list_is_refused(run, text):
    _, path = run
    path.write_text(text)
    with pytest.raises(InputError, match="files.json cannot be read"):
        file_list.read(path)


def test_other_data_sets_have_none(tmp_path):
    assert file_list.measured("cifar10", tmp_path / "files.json", "test", elsewhere=False) is None


def test_trained_is_what_is_and_was_in_the_training_split():
    files = FileList({"train": {"a": "1", "b": None}, "validation": {}, "test": {"c": "3"}}, frozenset({"2"}))
    assert files.trained == {"1", "2"} and files.contents("test") == {"3"}
