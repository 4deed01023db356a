"""train.py as a user runs it: what it leaves, how it ends, how it goes on."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from inpainting import checkpoints
from inpainting.config.experiments import EXPERIMENTS
from inpainting.training import run
from tests.conftest import ENVIRONMENT, ROOT, command, small_arguments


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "train.py", *map(str, arguments)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # whatever the tests run under
    )


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def metrics(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_what_the_docs_say(finished_run):
    names = {
        "config.json",
        "files.json",
        "checkpoints",
        "tensorboard",
        "metrics.jsonl",
        "samples",
        "saved_model",
    }
    assert {path.name for path in finished_run.iterdir()} >= names
    assert {path.name for path in (finished_run / "checkpoints").iterdir()} == {"last.npz", "best.npz"}
    samples = {"step_0000010.png", "step_0000020.png"}
    assert {path.name for path in (finished_run / "samples").iterdir()} == samples
    assert list((finished_run / "tensorboard").glob("events.*"))
    assert (finished_run / "saved_model" / "1" / "saved_model.pb").exists()
    lines = metrics(finished_run)
    assert [line["step"] for line in lines] == [5, 10, 10, 15, 20, 20]
    warm, last = lines[0], lines[-2]
    assert {"loss", "reconstruction_loss", "learning_rate", "images_per_second"} <= set(warm)
    assert {"wasserstein_estimate", "critic_loss", "adversarial_loss", "critic_gradient_norm"} <= set(last)
    assert {"validation_hole_mse", "validation_maem", "validation_seam"} <= set(lines[-1])
    assert all(np.isfinite(value) for line in lines for value in line.values())


def assert_same_run(one, other):
    """The same bits in both checkpoints, and the same lines in metrics.jsonl but for the speed."""
    for name in ("last.npz", "best.npz"):
        first, first_progress = checkpoints.load(one / "checkpoints" / name)
        second, second_progress = checkpoints.load(other / "checkpoints" / name)
        assert first_progress == second_progress
        optimizers = {"generator_optimizer", "adversary_optimizer"}
        assert set(first) == set(second) >= {"generator", "ema_generator", "adversary"} | optimizers
        for group in first:
            for array, its_equal in zip(first[group], second[group], strict=True):
                np.testing.assert_array_equal(array, its_equal, err_msg=group)
    lines = [[{**line, "images_per_second": 0} for line in metrics(run)] for run in (one, other)]
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_kill_and_resume_is_bit_exact(pictures, tmp_path):
    """20 steps in one go, and 10 steps, kill −9 and --resume to 20, end in the same bits."""
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert command("train.py", *small_arguments(pictures, once), "--deterministic").returncode == 0
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
    assert_same_run(once, twice)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.slow
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
    assert not (workdir / "saved_model").exists() and not (workdir / "lock").exists()
    assert "Traceback" not in stderr


def test_a_stop_after_the_last_step_says_what_is_left_to_do(pictures, tmp_path, call, monkeypatch):
    """All is trained and nothing exported; for a reader that is gone it is."""
    exported = []
    monkeypatch.setattr(run, "export_best", lambda config, workdir: exported.append(workdir.path))
    for number, said in ((signal.SIGTERM, True), (signal.SIGPIPE, False)):

        def trained(config, workdir, stop, *, number=number, **how):
            stop.number = number
            return config.training.steps

        monkeypatch.setattr(run, "load_and_train", trained)
        status, stdout, _ = call("train.py", *small_arguments(pictures, tmp_path / "run", steps=20))
        assert status == 128 + number
        resume = f"python train.py --model vgg_wgan --workdir {tmp_path / 'run'} --resume"
        assert (f"stopped at step 20: export what has been trained with {resume}" in stdout) == said
    assert exported == [tmp_path / "run"]


@pytest.mark.slow
def test_a_reader_that_is_gone_ends_the_run_as_a_signal_does(pictures, tmp_path):
    """As of `train.py | head`. What has been trained is exported too."""
    workdir = tmp_path / "run"
    settings = {"model": "vgg_l2", "steps": 100_000, "log_every": 1}
    process = start(*small_arguments(pictures, workdir, **settings))
    while not process.stdout.readline().startswith("step "):
        assert process.poll() is None, process.communicate()
    process.stdout.close()
    (line,) = process.stderr.read().splitlines()
    assert process.wait(timeout=120) == 128 + signal.SIGPIPE
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    step = int(groups["step"][0])
    assert 0 < step < 100_000 and line.startswith(f"stopped at step {step}: continue with python train.py")
    assert (workdir / "saved_model" / "1" / "saved_model.pb").exists()


@pytest.mark.slow
def test_an_adversary_compares_with_pictures_that_nothing_has_recoloured(pictures, tmp_path, call, monkeypatch):
    """The L2 has all augmentations that are on; what follows it, the critic's head start too, the movements."""
    seen, begin = {}, run.training_batches

    def recorded(*arguments, start, augmentations, **options):
        seen[start] = augmentations
        return begin(*arguments, start=start, augmentations=augmentations, **options)

    monkeypatch.setattr(run, "training_batches", recorded)
    settings = {"steps": 14, "warmup_steps": 4, "head_start": 2}
    assert call("train.py", *small_arguments(pictures, tmp_path / "run", **settings))[0] == 0
    everything = ("hue", "saturation", "contrast", "blur", "flip", "shift")
    assert set(seen[4]) == set(seen[6]) == {"flip", "shift"}
    assert set(seen[0]) == set(everything)


@pytest.mark.slow
def test_a_signal_between_the_phases_is_saved(pictures, tmp_path, call, monkeypatch):
    """The 6 steps of L2 are done, the critic has not joined yet."""
    workdir, begin = tmp_path / "run", run.training_batches

    def interrupted(*arguments, start, **options):
        if start == 6:
            signal.raise_signal(signal.SIGTERM)
        return begin(*arguments, start=start, **options)

    monkeypatch.setattr(run, "training_batches", interrupted)
    status, stdout, stderr = call("train.py", *small_arguments(pictures, workdir))
    assert (status, stderr) == (128 + signal.SIGTERM, "")
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert groups["step"][0] in (6, 7) and f"stopped at step {groups['step'][0]}: " in stdout


def test_too_little_memory_has_its_advice(pictures, tmp_path, call, monkeypatch):
    def too_large(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(run, "build_trainer", lambda config: None)
    monkeypatch.setattr(run, "fit", too_large)
    status, _, stderr = call("train.py", *small_arguments(pictures, tmp_path / "run"))
    (line,) = stderr.splitlines()
    assert status == 1 and "out of memory" in line and "--overwrite with a smaller --batch-size than 4" in line


def test_a_loss_that_is_not_finite_stops_the_run(call, pictures, tmp_path):
    workdir = tmp_path / "run"
    settings = {
        "learning_rate": 1e30,
        "learning_rate_warmup": 12,
        "checkpoint_every": 1,
        "validate_every": 1000,
    }
    status, _, stderr = call("train.py", *small_arguments(pictures, workdir, model="vgg_l2", **settings))
    assert status == 1
    assert "not finite" in stderr and "Traceback" not in stderr
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert all(np.isfinite(array).all() for arrays in groups.values() for array in arrays)


@pytest.mark.slow
def test_early_stopping_keeps_the_best_and_exports(call, pictures, tmp_path):
    workdir = tmp_path / "run"
    # Weights that do not move: what still does, batch normalisation's statistics, soon ends getting better.
    settings = {"learning_rate": 1e-30, "ema_decay": 0, "validate_every": 5, "patience": 2, "steps": 1000}
    arguments = small_arguments(pictures, workdir, model="vgg_l2", **settings)
    status, stdout, stderr = call("train.py", *arguments)
    assert status == 0, stderr
    assert "stopping early" in stdout and "goes on" in stdout
    _, progress = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert progress["stopped"] and progress["stale"] == 2
    assert (workdir / "saved_model" / "1").exists()
    status, stdout, _ = call("train.py", *arguments, "--resume")
    assert status == 0 and "validation at step" not in stdout
    assert f"exported to {workdir}/saved_model/2\n" in stdout
    assert (workdir / "saved_model" / "1").exists()


@pytest.mark.slow
def test_tensorflow_optimizes_the_graph_of_a_16_bit_run(pictures, tmp_path):
    """Its remapper fails, with a line of error, on the gradient in 16 bits of its own Leaky ReLU."""
    settings = {"precision": "mixed_bfloat16", "steps": 8}
    finished = command("train.py", *small_arguments(pictures, tmp_path / "run", model="vgg_wgan", **settings))
    assert finished.returncode == 0, finished.stderr
    assert "remapper" not in finished.stderr


@pytest.mark.slow
def test_list_models(call):
    status, stdout, _ = call("train.py", "--list-models")
    assert status == 0
    heading, _, *rows = stdout.strip().splitlines()
    assert heading == "| name | family | parameters | what it is | paper's section |"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [name for name, *_ in cells] == list(EXPERIMENTS)
    (row,) = [row for row in cells if row[0] == "vgg_wgan"]
    assert row[1] == "adversarial" and row[2].startswith("4,836,163 + ") and row[4] == "5.3, 7.2"


@pytest.mark.slow
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
