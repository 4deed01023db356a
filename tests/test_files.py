"""Files that are either there or not, and errors that name them."""

import errno
import os

import pytest

from inpainting import files
from inpainting.errors import DiskError
from inpainting.files import in_utf8, shown


def test_an_error_of_the_disk_names_the_file(tmp_path):
    path = tmp_path / "none" / "x.json"
    with pytest.raises(DiskError, match=f"{path}: No such file or directory: ") as refused:
        files.write_json(path, {})
    assert refused.value.errno == errno.ENOENT and refused.value.filename == str(path)
    path = tmp_path / "x.json"
    with pytest.raises(DiskError, match=f"{path}: No space left"), files.atomic_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")  # as a write to the open file does
    assert not list(tmp_path.iterdir())


def test_an_error_of_another_file_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), files.atomic_file(tmp_path / "x.json"):
        open(tmp_path / "a font")  # noqa: SIM115
    assert not list(tmp_path.iterdir())


def test_a_directory_takes_its_place_once(tmp_path):
    new, path = tmp_path / ".1.5.tmp", tmp_path / "1"
    for content in ("first", "second"):
        (new / "variables").mkdir(parents=True)
        (new / "variables" / "data").write_text(content)
        if content == "first":
            files.place_directory(new, path)
            assert os.listdir(tmp_path) == ["1"]
    with pytest.raises(OSError, match="not empty"):
        files.place_directory(new, path)
    assert (path / "variables" / "data").read_text() == "first"


@pytest.mark.parametrize(
    ("name", "temporary"),
    [
        (".config.json.12.tmp", True),
        (".1.12.tmp", True),
        (".last.npz.12", True),  # of 0.1.0
        (".1.12", True),
        ("last.npz", False),
        (".notes.2024", False),
        ("step_0000012.png", False),
    ],
)
def test_temporaries_are_known_by_their_names(name, temporary):
    assert files.is_temporary(name) == temporary
    assert files.is_temporary(files.beside(name))


def test_what_a_link_leads_to_is_emptied_and_the_link_stays(tmp_path):
    (tmp_path / "big" / "inside").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "big")
    files.remove(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and not list((tmp_path / "big").iterdir())


def test_a_path_is_shown_in_one_line_of_utf_8():
    assert shown("a b/日本.png") == "a b/日本.png"
    assert shown(os.fsdecode(b"caf\xe9\n\x1b.png")) == r"caf\xe9\n\x1b.png"


def test_what_is_not_utf_8_is_entered_another_way(tmp_path):
    plain = tmp_path / "Übung" / "new"
    assert in_utf8(plain) == plain
    folder = tmp_path / os.fsdecode(b"\xe9t\xe9")
    folder.mkdir()
    inside = in_utf8(folder / "saved" / "1")
    assert str(inside).encode() and inside.parts[-2:] == ("saved", "1")
    inside.mkdir(parents=True)
    assert (folder / "saved" / "1").is_dir()
