"""train.py as a user runs it: in a process of its own."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from inpainting import checkpoints
from inpainting.experiments import EXPERIMENTS
from tests.conftest import ENVIRONMENT, ROOT, command, small_arguments


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "train.py", *map(str, arguments)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def metrics(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_what_the_readme_says(finished_run):
    assert {path.name for path in finished_run.iterdir()} >= {
        "config.json",
        "checkpoints",
        "tensorboard",
        "metrics.jsonl",
        "samples",
        "saved_model",
    }
    assert {path.name for path in (finished_run / "checkpoints").iterdir()} == {"last.npz", "best.npz"}
    assert {path.name for path in (finished_run / "samples").iterdir()} == {
        "step_0000010.png",
        "step_0000020.png",
    }
    assert list((finished_run / "tensorboard").glob("events.*"))
    assert (finished_run / "saved_model" / "1" / "saved_model.pb").exists()
    lines = metrics(finished_run)
    assert [line["step"] for line in lines] == [5, 10, 10, 15, 20, 20]
    warm, last = lines[0], lines[-2]
    assert {"loss", "reconstruction_loss", "learning_rate", "images_per_second"} <= set(warm)
    assert {"wasserstein_estimate", "critic_loss", "adversarial_loss", "critic_gradient_norm"} <= set(last)
    assert {"validation_hole_mse", "validation_maem", "validation_seam"} <= set(lines[-1])
    assert all(np.isfinite(value) for line in lines for value in line.values())


def test_kill_and_resume_is_bit_exact(pictures, finished_run, tmp_path):
    """20 steps in one go, and 10 steps, kill −9 and --resume to 20, end in the same bits."""
    once, twice = finished_run, tmp_path / "run"
    killed_at_10 = (
        "import os, signal, sys; from inpainting import checkpoints; save = checkpoints.save\n"
        "def save_and_die(path, state, progress):\n"
        "    save(path, state, progress)\n"
        "    if path.name == 'last.npz': os.kill(os.getpid(), signal.SIGKILL)\n"
        "checkpoints.save = save_and_die; from inpainting.command_line import run_program; import train\n"
        f"sys.argv = ['train.py', *{[*map(str, small_arguments(pictures, twice)), '--deterministic']}]\n"
        "run_program(train.main)"
    )
    assert command("-c", killed_at_10).returncode == -signal.SIGKILL
    groups, _ = checkpoints.load(twice / "checkpoints" / "last.npz")
    assert groups["step"][0] == 10

    # The settings are the run's own: none needs to be said again.
    resumed = command("train.py", "--model", "vgg_wgan", "--workdir", twice, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed at step 10" in resumed.stdout
    for name in ("last.npz", "best.npz"):
        first, first_progress = checkpoints.load(once / "checkpoints" / name)
        second, second_progress = checkpoints.load(twice / "checkpoints" / name)
        assert first_progress == second_progress
        assert (
            set(first)
            == set(second)
            >= {
                "generator",
                "ema_generator",
                "adversary",
                "generator_optimizer",
                "adversary_optimizer",
            }
        )
        for group in first:
            for one, other in zip(first[group], second[group], strict=True):
                np.testing.assert_array_equal(one, other, err_msg=group)

    def without_speed(workdir):
        return [{k: v for k, v in line.items() if k != "images_per_second"} for line in metrics(workdir)]

    assert without_speed(once) == without_speed(twice)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends_the_run(pictures, tmp_path, number):
    workdir = tmp_path / "run"
    settings = {"model": "vgg_l2", "steps": 100_000, "checkpoint_every": 10}
    process = start(*small_arguments(pictures, workdir, **settings))
    wait_for(workdir / "checkpoints" / "last.npz", process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 128 + number, stderr
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    step = int(groups["step"][0])
    resume = f"python train.py --model vgg_l2 --workdir {workdir} --resume"
    assert f"stopped at step {step}: continue with {resume}" in stdout
    assert not (workdir / "saved_model").exists()
    assert "Traceback" not in stderr


def test_a_loss_that_is_not_finite_stops_the_run(pictures, tmp_path):
    workdir = tmp_path / "run"
    arguments = small_arguments(
        pictures,
        workdir,
        model="vgg_l2",
        learning_rate=1e30,
        learning_rate_warmup=12,
        checkpoint_every=1,
        validate_every=1000,
    )
    failed = command("train.py", *arguments)
    assert failed.returncode == 1
    assert "not finite" in failed.stderr and "Traceback" not in failed.stderr
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert all(np.isfinite(array).all() for arrays in groups.values() for array in arrays)


def test_early_stopping_keeps_the_best_and_exports(pictures, tmp_path):
    workdir = tmp_path / "run"
    # Weights that do not move: what still does, batch normalisation's statistics, soon ends getting better.
    settings = {"learning_rate": 1e-30, "ema_decay": 0, "validate_every": 5, "patience": 2, "steps": 1000}
    arguments = small_arguments(pictures, workdir, model="vgg_l2", **settings)
    finished = command("train.py", *arguments)
    assert finished.returncode == 0, finished.stderr
    assert "stopping early" in finished.stdout
    _, progress = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert progress["stopped"] and progress["stale"] == 2
    assert (workdir / "saved_model" / "1").exists()
    assert "goes on" in finished.stdout
    again = command("train.py", *arguments, "--resume")
    assert again.returncode == 0 and "validation at step" not in again.stdout


def test_tensorflow_optimizes_the_graph_of_a_16_bit_run(pictures, tmp_path):
    """Its remapper fails, with a line of error, on the gradient in 16 bits of its own Leaky ReLU."""
    settings = {"precision": "mixed_bfloat16", "steps": 6}
    finished = command("train.py", *small_arguments(pictures, tmp_path / "run", model="vgg_wgan", **settings))
    assert finished.returncode == 0, finished.stderr
    assert "remapper" not in finished.stderr


def test_list_models():
    listed = command("train.py", "--list-models")
    assert listed.returncode == 0
    heading, *rows = listed.stdout.strip().splitlines()
    assert heading.split() == ["name", "family", "parameters", "what", "it", "is", "paper's", "section"]
    assert [row.split()[0] for row in rows] == list(EXPERIMENTS)
    (row,) = [row for row in rows if row.startswith("vgg_wgan")]
    assert "adversarial" in row and "4,965,635" in row and "5.3" in row


def refused(*arguments):
    """Runs train.py, expects status 2 and one line on stderr, and returns the line."""
    finished = command("train.py", *arguments)
    assert finished.returncode == 2, (finished.stdout, finished.stderr)
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "vgg_gan"], "unknown model 'vgg_gan': --model takes one of cnn_l2, vgg_l2"),
        (["--model", "vgg_wgan", "--set", "stps=3"], "there is no setting 'stps'"),
        (["--model", "vgg_wgan", "--steps", "three"], "steps is a whole number"),
        (["--model", "vgg_l2", "--set", "clip=1"], "clip is a setting of WGANs: vgg_l2 has no use for it"),
        (["--model", "vgg_wgan", "--hole", "30"], "larger than image_size=32"),
        (["--model", "vgg_wgan", "--set", "image_size=20"], "multiple of 8"),
        (["--model", "pixel_cnn", "--jit", "on"], "XLA cannot compile a density model's step"),
        (["--model", "row_lstm", "--set", "units=64"], "units=64: units must be divisible by 3"),
        (
            ["--model", "row_lstm", "--set", "directions=4"],
            "directions is a setting of pixel_cnn and flattened_row_lstm: row_lstm has no use for it",
        ),
        (["--model", "vgg_wgan", "--resume"], "holds no run to resume"),
        (["--model", "vgg_wgan", "--dataset", "folder:/no/such"], "there is no folder /no/such"),
    ],
)
def test_refused_commands_write_nothing(tmp_path, arguments, message):
    workdir = tmp_path / "run"
    assert message in refused(*arguments, "--workdir", workdir)
    assert not workdir.exists()


def test_refused_data(pictures, tmp_path):
    workdir = tmp_path / "run"
    empty = tmp_path / "empty"
    empty.mkdir()
    model = ["--model", "vgg_wgan", "--workdir", workdir]
    assert "no images" in refused(*model, "--dataset", f"folder:{empty}")
    assert "larger than the 32 training images" in refused(*model, "--dataset", f"folder:{pictures}")
    assert not workdir.exists()


def test_missing_cifar10_is_refused(tmp_path):
    data_dir = tmp_path / "tfds"
    arguments = ["--model", "vgg_wgan", "--workdir", tmp_path / "run", "--data-dir", data_dir]
    code = (
        "import socket, sys; from inpainting.command_line import run_program; import train\n"
        "def no_address(*_): raise OSError('no address')\n"
        f"socket.getaddrinfo = no_address; sys.argv = ['train.py', *{list(map(str, arguments))}]\n"
        "run_program(train.main)"
    )
    finished = command("-c", code)
    assert finished.returncode == 2
    (line,) = finished.stderr.strip().splitlines()
    assert "cifar10 is not prepared" in line and "--data-dir" in line and "--dataset dead_leaves" in line
    assert not (tmp_path / "run").exists()


def test_an_occupied_workdir_is_refused(pictures, finished_run, tmp_path):
    before = tree(finished_run)
    arguments = small_arguments(pictures, finished_run)
    assert "--resume" in refused(*arguments) and "--overwrite" in refused(*arguments)
    assert "trained with seed=0, not 5" in refused(*arguments, "--resume", "--seed", "5")
    other_model = ["vgg_l2" if argument == "vgg_wgan" else argument for argument in map(str, arguments)]
    assert "is a run of vgg_wgan, not vgg_l2" in refused(*other_model, "--resume")
    assert tree(finished_run) == before

    (tmp_path / "notes.txt").write_text("mine")
    assert "holds no run" in refused(*small_arguments(pictures, tmp_path), "--overwrite")
    assert tree(tmp_path) == {(tmp_path / "notes.txt").relative_to(tmp_path): b"mine"}
    file = tmp_path / "notes.txt"
    assert "is a file" in refused(*small_arguments(pictures, file))


def test_a_truncated_checkpoint_is_refused(pictures, finished_run, tmp_path):
    workdir = tmp_path / "run"
    (workdir / "checkpoints").mkdir(parents=True)
    (workdir / "config.json").write_bytes((finished_run / "config.json").read_bytes())
    whole = (finished_run / "checkpoints" / "last.npz").read_bytes()
    (workdir / "checkpoints" / "last.npz").write_bytes(whole[: len(whole) // 2])
    before = tree(workdir)
    assert "last.npz is damaged" in refused(*small_arguments(pictures, workdir), "--resume")
    assert tree(workdir) == before


def test_a_read_only_disk_is_refused(pictures):
    line = refused(*small_arguments(pictures, "/proc/run"))
    assert "cannot make /proc/run" in line and "--workdir" in line


def test_a_full_disk_is_refused_and_leaves_no_half_file(pictures, tmp_path):
    workdir = tmp_path / "run"
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        f"sys.argv = ['train.py', *{list(map(str, small_arguments(pictures, workdir, checkpoint_every=1)))}];"
        "from inpainting.command_line import run_program; import train; run_program(train.main)"
    )
    finished = command("-c", limited)
    assert finished.returncode == 2, finished.stderr
    assert "File too large" in finished.stderr and "Traceback" not in finished.stderr
    assert not list((workdir / "checkpoints").iterdir())
