"""A run's directory: what a killed process leaves in it is no obstacle."""

import os

import pytest

from inpainting import workdir as module
from inpainting.config.experiments import experiment
from inpainting.config.settings import paths
from inpainting.errors import DiskError, InputError
from inpainting.workdir import Workdir

CONFIG = experiment("vgg_l2")
LEFT = (
    ".config.json.7.tmp",
    "checkpoints/.last.npz.7",
    "saved_model/.1.7/saved_model.pb",
    "figures/x/.a.png.7",
)


def filled(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("")
    return Workdir(path)


def names(path):
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}


def test_a_run_begins_where_one_was_killed_as_it_began(tmp_path):
    workdir = filled(tmp_path, "lock", ".config.json.7.tmp")
    workdir.check(CONFIG, resume=False, overwrite=False)
    workdir.create(CONFIG, overwrite=False)
    assert names(tmp_path) == {"lock", "config.json"}


def changed(section, path):
    """A Config with another value of a setting, whether it could be so or not."""
    name, *rest = path.split(".")
    return section.model_copy(
        update={name: changed(getattr(section, name), ".".join(rest)) if rest else "other"}
    )


def test_what_a_resumed_run_may_change(tmp_path):
    """How long it trains, how often it looks, where it runs: nothing of what it has learnt so far."""
    workdir = filled(tmp_path, "checkpoints/last.npz")
    workdir.create(CONFIG, overwrite=False)
    free = set()
    for path in paths(CONFIG):
        try:
            workdir.check(changed(CONFIG, path), resume=True, overwrite=False)
            free.add(path)
        except InputError as error:
            assert f"was trained with {path.split('.')[-1]}=" in str(error)
    names = ("steps", "patience", "jit", "log_every", "validate_every", "checkpoint_every")
    assert free == {"data.data_dir", *(f"training.{name}" for name in names)}


def test_what_is_half_written_goes_and_all_else_stays(tmp_path):
    workdir = filled(tmp_path, *LEFT, "checkpoints/last.npz", ".notes.1", "samples/mine.png")
    workdir.create(CONFIG, overwrite=False)
    assert names(tmp_path) == {"config.json", "checkpoints/last.npz", ".notes.1", "samples/mine.png"}


@pytest.mark.parametrize("removed", range(7))
def test_an_overwriting_that_is_killed_leaves_a_run_to_overwrite(tmp_path, monkeypatch, removed):
    run = ("checkpoints/last.npz", "checkpoints/best.npz", "metrics.jsonl", "results-x-test-center.json")
    workdir = filled(tmp_path, *run, "notes.txt", "figures/x/errors.png", "tensorboard/events.1")
    workdir.create(CONFIG, overwrite=False)
    whole, left, remove = names(tmp_path), removed, module.remove

    def remove_so_many(path):
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        remove(path)

    with monkeypatch.context() as patched:
        patched.setattr(module, "remove", remove_so_many)
        if removed < 6:  # last.npz, checkpoints, tensorboard, metrics, figures, results
            with pytest.raises(KeyboardInterrupt):
                workdir.create(CONFIG, overwrite=True)
        else:
            workdir.create(CONFIG, overwrite=True)
    assert workdir.last.exists() == (names(tmp_path) == whole)  # or else there is nothing to resume
    workdir.check(CONFIG, resume=False, overwrite=True)
    workdir.create(CONFIG, overwrite=True)
    assert names(tmp_path) == {"config.json", "notes.txt"}


def test_the_way_out_of_a_run_without_a_checkpoint_is_not_to_resume_it(tmp_path):
    workdir = filled(tmp_path / "run")
    workdir.create(CONFIG, overwrite=False)
    with pytest.raises(InputError, match="already holds a run: replace it with --overwrite, or"):
        workdir.check(CONFIG, resume=False, overwrite=False)
    with pytest.raises(InputError, match="no checkpoint yet: start it over with --overwrite"):
        workdir.check(CONFIG, resume=True, overwrite=False)
    filled(tmp_path / "run", "checkpoints/last.npz")
    with pytest.raises(InputError, match="continue it with --resume"):
        workdir.check(CONFIG, resume=False, overwrite=False)


@pytest.mark.parametrize("there", [True, False])
def test_checkpoints_may_lie_elsewhere(tmp_path, there):
    elsewhere, run = tmp_path / "big disk" / "mine", tmp_path / "run"
    run.mkdir()
    (run / "checkpoints").symlink_to(elsewhere)
    if there:
        filled(elsewhere, ".last.npz.7", "best.npz")
        filled(run, "config.json")
    workdir = Workdir(run)
    workdir.create(CONFIG, overwrite=True)
    assert (run / "checkpoints").is_symlink() and elsewhere.is_dir() and not list(elsewhere.iterdir())


def test_what_cannot_be_written_is_found_out_at_once(tmp_path, monkeypatch):
    workdir = Workdir(tmp_path)
    workdir.samples.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != workdir.samples)
    with pytest.raises(DiskError, match=f"{workdir.samples}: Permission denied: "):
        workdir.create(CONFIG, overwrite=False)
    assert not workdir.config.exists()


def test_a_run_that_another_process_has_begun_meanwhile_is_not_begun_again(tmp_path):
    mine, other = Workdir(tmp_path / "run"), Workdir(tmp_path / "run")
    with other.lock, mine.lock:
        mine.check(CONFIG, resume=False, overwrite=False)
        other.claim(CONFIG, resume=False, overwrite=False)
        with pytest.raises(InputError, match="is in use by process"):
            mine.claim(CONFIG, resume=False, overwrite=False)
        other.create(CONFIG, overwrite=False)
    with mine.lock, pytest.raises(InputError, match="already holds a run"):
        mine.claim(CONFIG, resume=False, overwrite=False)
