"""What the programs refuse: status 2, one line, and nothing written. In this process, where nothing is slow."""

import shutil

import pytest

from tests.conftest import ROOT, command, small_arguments


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--model is required: one of cnn_l2"),
        (["--model", "vgg_gan"], "unknown model 'vgg_gan': --model takes one of cnn_l2, vgg_l2"),
        (["--model", "vgg_wgan", "--stps", "3"], "unrecognized arguments"),
        (["--model", "vgg_wgan", "--set", "stps=3"], "there is no setting 'stps'"),
        (["--model", "vgg_wgan", "--set", "steps"], "write --set SETTING=VALUE"),
        (["--model", "vgg_wgan", "--steps", "three"], "steps is a whole number"),
        (["--model", "vgg_l2", "--set", "critic_steps=1"], "critic_steps is a setting of wgan"),
        (["--model", "pixel_cnn", "--hole", "40"], "larger than image_size=32"),
        (["--model", "pixel_cnn", "--bottleneck", "40"], "bottleneck is a setting of cnn, vgg"),
        (["--model", "vgg_wgan", "--resume"], "holds no run to resume"),
        (["--model", "vgg_wgan", "--resume", "--overwrite"], "give one of them"),
        (["--model", "vgg_wgan", "--dataset", "folder:/no/such"], "there is no folder /no/such"),
    ],
)
def test_refused_commands_write_nothing(refused, tmp_path, arguments, message):
    workdir = tmp_path / "run"
    assert message in refused("train.py", *arguments, "--workdir", workdir)
    assert not workdir.exists()


@pytest.mark.parametrize("program", ["train.py", "evaluate.py"])
def test_help_and_refusals_need_no_tensorflow(program):
    """Which takes seconds to import."""
    code = (
        f"import sys, {program.removesuffix('.py')} as program\n"
        "from inpainting.command_line import run_program\n"
        "sys.argv = sys.argv[1:]\n"
        "try: run_program(program.main)\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    for arguments, status in (["--help"], 0), (["--no-such-flag"], 2):
        ended = command("-c", code, program, *arguments)
        assert ended.returncode == status and ended.stdout.splitlines()[-1] == "False", ended.stderr


def test_refused_data(refused, pictures, tmp_path):
    workdir = tmp_path / "run"
    empty = tmp_path / "empty"
    empty.mkdir()
    model = ["--model", "vgg_wgan", "--workdir", workdir]
    assert "no pictures" in refused("train.py", *model, "--dataset", f"folder:{empty}")
    assert "larger than the 32 training images" in refused(
        "train.py", *model, "--dataset", f"folder:{pictures}"
    )
    assert not workdir.exists()


def test_missing_cifar10_is_refused(refused, tmp_path, monkeypatch):
    def no_address(*_):
        raise OSError("no address")

    monkeypatch.setattr("socket.getaddrinfo", no_address)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    arguments = ["--model", "vgg_wgan", "--workdir", tmp_path / "run", "--data-dir", tmp_path / "tfds"]
    line = refused("train.py", *arguments)
    assert "cifar10 is not prepared" in line and "--data-dir" in line and "--dataset dead_leaves" in line
    assert not (tmp_path / "run").exists()


def test_an_occupied_workdir_is_refused(refused, pictures, finished_run, tmp_path):
    before = tree(finished_run)
    arguments = small_arguments(pictures, finished_run)
    line = refused("train.py", *arguments)
    assert "--resume" in line and "--overwrite" in line
    assert "trained with seed=0, not 5" in refused("train.py", *arguments, "--resume", "--seed", "5")
    other_critic = refused("train.py", *arguments, "--resume", "--set", "critic=vgg")
    assert "was trained with critic=" in other_critic
    other_model = ["vgg_l2" if argument == "vgg_wgan" else argument for argument in map(str, arguments)]
    assert "is a run of vgg_wgan, not vgg_l2" in refused("train.py", *other_model, "--resume")
    assert tree(finished_run) == before

    (tmp_path / "notes.txt").write_text("mine")
    assert "holds no run" in refused("train.py", *small_arguments(pictures, tmp_path), "--overwrite")
    assert tree(tmp_path) == {(tmp_path / "notes.txt").relative_to(tmp_path): b"mine"}
    assert "is a file" in refused("train.py", *small_arguments(pictures, tmp_path / "notes.txt"))


def test_a_truncated_checkpoint_is_refused(refused, pictures, finished_run, tmp_path):
    workdir = tmp_path / "run"
    (workdir / "checkpoints").mkdir(parents=True)
    for name in ("config.json", "files.json"):
        (workdir / name).write_bytes((finished_run / name).read_bytes())
    whole = (finished_run / "checkpoints" / "last.npz").read_bytes()
    (workdir / "checkpoints" / "last.npz").write_bytes(whole[: len(whole) // 2])
    before = tree(workdir)
    assert "last.npz is damaged" in refused("train.py", *small_arguments(pictures, workdir), "--resume")
    assert tree(workdir) == before


def test_a_read_only_disk_is_refused(refused, pictures):
    line = refused("train.py", *small_arguments(pictures, "/proc/run"))
    assert "cannot make /proc/run" in line and "--workdir" in line


@pytest.mark.parametrize("what", ["missing", "no run", "no checkpoint", "bad config", "no object"])
def test_what_is_no_run_is_not_evaluated(refused, tmp_path, finished_run, what):
    workdir = tmp_path / "run"
    if what != "missing":
        workdir.mkdir()
    if what == "no checkpoint":
        (workdir / "config.json").write_bytes((finished_run / "config.json").read_bytes())
    if what in ("bad config", "no object"):
        (workdir / "config.json").write_text("{" if what == "bad config" else "[1]")
    assert str(workdir) in refused("evaluate.py", workdir)


def test_what_cannot_be_read_is_named(refused, finished_run, tmp_path):
    """A directory where a file should be cannot be read even by root."""
    run, published = tmp_path / "run", tmp_path / "unet_l2"
    shutil.copytree(finished_run, run)
    shutil.copytree(ROOT / "tests" / "data" / "published_keras_2", published)
    for path in (run / "files.json", run / "metrics.jsonl", published / "weights.sha256"):
        path.unlink()
        path.mkdir()
    assert f"{run}/files.json: Is a directory" in refused("evaluate.py", run)
    assert f"{run}/metrics.jsonl: Is a directory" in refused("evaluate.py", run, "--figure", "curves")
    assert f"{published}/weights.sha256: Is a directory" in refused("evaluate.py", published)


@pytest.mark.parametrize(
    "line",
    [
        ("train.py", "--model", "vgg_l2", "--workdir", "x" * 300),
        ("evaluate.py", "x" * 300),
        ("inpaint.py", "x" * 300, "--box", "1,1,3,3"),
        ("inpaint.py", ROOT / "docs" / "painted.png", "--mask", "x" * 300),
        ("inpaint.py", "picture.png", "--box", "1,1,3,3", "--model", "x" * 300),
    ],
)
def test_a_name_that_no_file_can_have(refused, line):
    assert "x" * 300 in refused(*line)


def test_what_cannot_be_measured_is_refused_before_anything_is(refused, finished_run, tmp_path):
    line = refused("evaluate.py", finished_run, "--mask", "rectangle")
    assert "fills the centred 4×4 hole alone: train it with --set mask=rectangle" in line
    assert "mask must be one of center" in refused("evaluate.py", finished_run, "--mask", "center1")
    assert "--limit must be at least 1" in refused("evaluate.py", finished_run, "--limit", "0")
    line = refused("evaluate.py", "--figure", "overlap", finished_run, finished_run)
    assert "takes two work directories" in line
    line = refused("evaluate.py", "--figure", "overlap", finished_run, f"{finished_run}/")  # the same
    assert "takes two work directories" in line
    line = refused("evaluate.py", "--figure", "grid", finished_run, "--limit", "3")
    assert "leave out --limit" in line
    assert "takes two work directories" in refused("evaluate.py", finished_run, "--realism", "0.5")
    for text in "2", "0.5,x", "nan", "":
        line = refused("evaluate.py", finished_run, finished_run, "--realism", text)
        assert "not numbers from 0 to 1" in line
    assert "leave out --mirror" in refused("evaluate.py", "--figure", "grid", finished_run, "--mirror")
    other = tmp_path / "other"
    shutil.copytree(finished_run, other)
    config = (other / "config.json").read_text()
    (other / "config.json").write_text(config.replace('"hole": 4', '"hole": 5'))
    line = refused("evaluate.py", other, "--mirror")
    assert "a centred hole of 5 pixels lies elsewhere in a mirror image" in line
    (other / "config.json").write_text(config.replace('"hole": 4', '"hole": 6'))
    assert "the same data and holes" in refused("evaluate.py", "--figure", "grid", finished_run, other)
    line = refused("evaluate.py", finished_run, other, "--realism", "0.5")
    assert "--realism needs runs of the same data and holes" in line
    line = refused("evaluate.py", "--figure", "overlap", finished_run, other)
    assert "overlap=0 first" in line
