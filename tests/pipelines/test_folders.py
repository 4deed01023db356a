"""Which pictures of a folder are found, what is passed over and said, and which split each is in."""

import json
import os
import socket
import unicodedata

import pytest

from inpainting.errors import InputError
from pipelines import folders


def fill(folder, *names):
    """Empty files: the walk opens none."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def numbered(count, suffix=".png"):
    return [f"{index:03d}{suffix}" for index in range(count)]


def found(folder):
    return sorted(name for names in folders.find(folder).splits.values() for name in names)


def split_of(folder):
    return {name: split for split, names in folders.find(folder).splits.items() for name in names}


def test_links_are_followed_and_loops_cut(tmp_path):
    data, elsewhere = (
        fill(tmp_path / "data", "birds/a.png"),
        fill(tmp_path / "elsewhere", "b.png", "deep/c.JPG"),
    )
    (data / "cats").symlink_to(elsewhere)
    (data / "again").symlink_to(elsewhere / "deep")
    (data / "loop").symlink_to(data)
    (elsewhere / "back").symlink_to(data / "birds")
    (data / "d.png").symlink_to(fill(tmp_path, "outside.png") / "outside.png")
    (data / "e.png").symlink_to(data / "birds" / "a.png")
    (data / "f.png").symlink_to(tmp_path / "nowhere.png")
    # `again` comes before `cats`, so that it is the way to what both lead to.
    assert found(data) == ["again/c.JPG", "birds/a.png", "cats/b.png", "d.png"]
    passed_over = folders.find(data).passed_over
    assert passed_over == {
        "links to folders that are in already": 3,
        "links to pictures that are in already": 1,
        "broken links": 1,
    }


def test_what_lies_there_comes_before_what_is_linked(tmp_path):
    fill(tmp_path, "z/a.png", "z/b.png", "z/c.png")
    before = split_of(tmp_path)
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "a.png").symlink_to(tmp_path / "z" / "a.png")
    assert split_of(tmp_path) == before


def test_one_line_says_what_is_passed_over_and_why(tmp_path, monkeypatch, caplog):
    others = ["notes.txt", "b.TXT", "c.webp", "README", "._001.png", ".cache/001.png", "shut/a.png"]
    fill(tmp_path, *numbered(12), *others)
    os.mkfifo(tmp_path / "fifo.png")
    with socket.socket(socket.AF_UNIX) as door:
        monkeypatch.chdir(tmp_path)
        door.bind("door.png")
    listdir = os.listdir

    def closed(path):
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", closed)
    folder = folders.find(tmp_path)
    assert folder.summary == (
        f"{tmp_path}: used 12 pictures (10 train, 1 validation, 1 test), passed over 9 (.txt 2, .webp 1: "
        "not PNG or JPEG; hidden 2; special files 2; no suffix 1; unreadable folders 1)"
    )
    (line,) = caplog.messages
    assert line.startswith(f"passed over, unreadable folder: {tmp_path}/shut (PermissionError")


def test_a_runs_directory_is_no_data(tmp_path):
    fill(tmp_path, *numbered(3), "runs/mine/samples/step_1.png", "old/figures/a.png", "theirs/a.png")
    (tmp_path / "runs/mine/config.json").write_text(json.dumps({"model": "vgg_l2", "method": {}, "data": {}}))
    (tmp_path / "old/config.json").write_text(json.dumps({"model": "vgg_l2", "method": "l2"}))  # of 0.1.0
    (tmp_path / "theirs/config.json").write_text(json.dumps({"model_type": "vit"}))
    assert found(tmp_path) == [*numbered(3), "theirs/a.png"]
    assert folders.find(tmp_path).passed_over == {"runs' directories": 2, ".json": 1}


@pytest.mark.parametrize("content", [[], ["a.txt"], ["a.png", "b.png"]])
def test_too_few_pictures_are_refused_with_what_was_passed_over(tmp_path, content):
    fill(tmp_path, *content)
    count = sum(name.endswith(".png") for name in content)
    number = f"only {count}" if count else "no"
    others = "passed over 1 (.txt 1: not PNG or JPEG)" if content == ["a.txt"] else "passed over 0"
    with pytest.raises(InputError) as refused:
        folders.find(tmp_path)
    assert str(refused.value).startswith(f"{number} pictures (.png, .jpg, .jpeg) in {tmp_path}, {others}: ")


def test_a_picture_more_or_less_moves_no_other(tmp_path):
    before = split_of(fill(tmp_path, *numbered(200), *(f"sub/{name}" for name in numbered(100, ".jpg"))))
    counts = [list(before.values()).count(split) for split in folders.SPLITS]
    assert counts[0] > 200 and min(counts) > 15  # shares of 80, 10 and 10 %
    after = split_of(fill(tmp_path, "000-new.png", "new/a.png", *(f"zz{name}" for name in numbered(50))))
    assert before.items() < after.items()
    for name in numbered(100):
        (tmp_path / name).unlink()
    assert split_of(tmp_path).items() < after.items()


def test_the_split_does_not_depend_on_the_folders_place_nor_on_how_names_are_stored(tmp_path):
    names = [f"Übung {name}" for name in numbered(60)]
    composed = split_of(fill(tmp_path / "here", *names))
    decomposed = fill(tmp_path / "there", *(unicodedata.normalize("NFD", name) for name in names))
    assert {
        unicodedata.normalize("NFC", name): split for name, split in split_of(decomposed).items()
    } == composed


@pytest.mark.parametrize("count", range(3, 13))
def test_small_folders_have_every_split(tmp_path, count):
    fill(tmp_path, *numbered(count))
    splits = folders.find(tmp_path).splits
    assert all(splits.values()) and sum(map(len, splits.values())) == count
    by_hash = sorted(numbered(count), key=folders._fraction)
    assert [*sorted(splits["test"]), *sorted(splits["validation"])] == [
        *sorted(by_hash[: len(splits["test"])]),
        *sorted(by_hash[len(splits["test"]) : -len(splits["train"])]),
    ]


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_subfolders_say_the_split(tmp_path, validation):
    fill(
        tmp_path, "train/cats/a.png", "train/b.png", f"{validation}/c.png", "test/d.png", "e.png", "more/f.png"
    )
    folder = folders.find(tmp_path)
    assert folder.splits == {
        "train": ["train/b.png", "train/cats/a.png"],
        "validation": [f"{validation}/c.png"],
        "test": ["test/d.png"],
    }
    assert folder.passed_over == {"outside of train, validation and test": 2}


@pytest.mark.parametrize(("named", "missing"), [("test", "validation"), ("val", "test")])
def test_a_split_without_a_subfolder_is_a_share_of_the_training_pictures(tmp_path, named, missing):
    fill(tmp_path, *(f"train/{name}" for name in numbered(100)), f"{named}/a.png")
    splits = folders.find(tmp_path).splits
    assert splits[folders.SUBFOLDERS[named]] == [f"{named}/a.png"]
    assert 3 <= len(splits[missing]) <= 20 and len(splits["train"]) == 100 - len(splits[missing])
    assert all(name.startswith("train/") for name in splits[missing])


def test_an_empty_split_of_subfolders_is_refused(tmp_path):
    fill(tmp_path, *(f"test/{name}" for name in numbered(5)))
    with pytest.raises(InputError, match="no train pictures in .*--dataset folder:PATH"):
        folders.find(tmp_path)


def test_a_missing_empty_or_wrong_place_is_refused(tmp_path):
    fill(tmp_path, "a.png")
    assert folders.of("cifar10") is None
    for dataset, message in (
        ("folder:", "folder: names no folder: give the pictures' place, --dataset folder:PATH"),
        (f"folder:{tmp_path}/a.png", "a.png is a file: give .* that of the folder it lies in"),
        (f"folder:{tmp_path}/none", "there is no folder .*none: give .* --dataset folder:PATH"),
    ):
        with pytest.raises(InputError, match=message):
            folders.of(dataset)


def test_names_of_any_bytes(tmp_path):
    for name in (b"caf\xe9.png", b"a\nb.png", "日本.png".encode(), b"\xff/x.png"):
        path = os.path.join(os.fsencode(tmp_path), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()
    assert len(found(tmp_path)) == 4
    open(os.path.join(os.fsencode(tmp_path), b"x.\xe9\n"), "wb").close()
    assert r".\xe9\n 1: not PNG or JPEG" in folders.find(tmp_path).summary
