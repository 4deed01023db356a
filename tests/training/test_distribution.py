"""Several devices, or workers, come to what one comes to."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from inpainting.errors import InputError
from inpainting.training import distribution, workers
from inpainting.workdir import Workdir
from tests.conftest import ENVIRONMENT, ROOT, SMALL, command, used_by

MODELS = ("unet_l2", "vgg_wgan", "vgg_dcgan", "pixel_cnn")
KERAS_2 = workers.version("keras").startswith("2")
several_workers = pytest.mark.skipif(not KERAS_2, reason="Keras 3 has no MultiWorkerMirroredStrategy")


def arrays(path):
    with np.load(path) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A function: what tests/training/shared.py leaves of a model on so many devices, or workers, made once."""
    made = {}

    def build(model, devices=1, processes=1, folder=""):
        key = (model, devices, processes, folder)
        if key not in made:
            path = tmp_path_factory.mktemp("shared") / "state.npz"
            addresses = [f"127.0.0.1:{port}" for port in workers.free_ports(processes)]
            started = []
            for index in range(processes):
                task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
                environment = {**ENVIRONMENT, "TF_NUM_INTRAOP_THREADS": "1"}
                if processes > 1:
                    environment["TF_CONFIG"] = json.dumps(task)
                command = [sys.executable, "-m", "tests.training.shared", model, str(path)]
                command += [str(devices), str(folder)]
                started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE))
            errors = [process.communicate(timeout=900)[1].decode() for process in started]
            assert all(process.returncode == 0 for process in started), errors
            made[key] = arrays(path)
        return made[key]

    return build


def assert_same(one, several):
    """Weights, optimizers and averages within 1e-4 of what one device comes to, and so the logged means.

    By the norm of each variable's difference over its own; a variable that stays near 0 by that of its change.
    """
    assert set(one) == set(several)
    for name, value in one.items():
        if name.startswith("start/"):
            np.testing.assert_array_equal(several[name], value, err_msg=name)
        elif name != "replicas":
            difference = np.linalg.norm(np.float64(several[name]) - value)
            assert difference <= 1e-4 * np.linalg.norm(np.float64(value)) + 1e-6, name
    for group in ("generator", "adversary"):  # and it is not that nothing was learnt
        names = [name for name in one if name.startswith(f"{group}/") and one[name].dtype == np.float32]
        moved = [np.linalg.norm(one[name] - one[f"start/{name}"]) > 1e-3 for name in names]
        assert sum(moved) >= len(names) / 2, group


@pytest.mark.slow
@pytest.mark.parametrize("devices", [2, 4])
@pytest.mark.parametrize("model", MODELS)
def test_several_devices_come_to_what_one_does(trained, model, devices):
    several = trained(model, devices=devices)
    assert several["replicas"] == devices
    assert_same(trained(model), several)


@several_workers
@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("model", MODELS)
def test_several_workers_come_to_what_one_does(trained, model, processes):
    several = trained(model, processes=processes)
    assert several["replicas"] == processes
    assert_same(trained(model), several)


@several_workers
@pytest.mark.slow
def test_several_workers_stream_what_one_streams(trained, pictures):
    assert_same(trained("unet_l2", folder=pictures), two := trained("unet_l2", processes=2, folder=pictures))
    assert two["replicas"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_two_devices_validate_as_one_after_200_steps(model, tmp_path):
    """With the optimizers of the model, whose first steps magnify rounding: within 1 %."""
    settings = {**SMALL, "batch_size": 16, "steps": 200, "warmup_steps": 100, "validate_every": 100}
    options = [f"--set={name}={value}" for name, value in used_by(model, settings).items()]
    values = []
    for devices in (1, 2):
        run = Workdir(tmp_path / str(devices))
        where = ["--workdir", run.path, "--devices", devices]
        trained = command("train.py", "--model", model, "--dataset", "dead_leaves", *options, *where)
        assert trained.returncode == 0, trained.stderr
        names = f"validation_{run.read_config().method.criterion}", "validation_hole_mse"
        lines = [line for line in run.history() if names[0] in line]
        assert [line["step"] for line in lines] == [100, 200]
        values.append([line[name] for line in lines for name in names if name in line])
    np.testing.assert_allclose(*values, rtol=0.01)


GRADIENTS = """
import tensorflow as tf
from inpainting import replicas
(processor,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
def of_replica(dtype):
    gradients = [tf.constant([1 + 2**-10, 3.0]) * tf.cast(1 + replicas.index(), tf.float32)]
    return replicas.mean_of_gradients(gradients, dtype)[0]
for dtype in ("float32", "bfloat16"):
    for value in strategy.experimental_local_results(strategy.run(of_replica, [dtype])):
        print(value.dtype.name, *value.numpy().tolist())
"""


def test_gradients_are_sent_in_the_dtype_of_the_computation():
    """1 + 2⁻¹⁰ has no bfloat16, which keeps 7 bits: 1.5 · (1 + 2⁻¹⁰) in one, 1.5 in the other."""
    printed = command("-c", GRADIENTS)
    assert printed.returncode == 0, printed.stderr
    exact, rounded = f"float32 {1.5 + 1.5 * 2**-10} 4.5", "float32 1.5 4.5"
    assert printed.stdout.splitlines() == [exact, exact, rounded, rounded]


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    three = SimpleNamespace(num_replicas_in_sync=3)
    distribution.check_batch_size(three, 63)
    with pytest.raises(InputError, match="batch_size=64 cannot be shared evenly by 3 devices"):
        distribution.check_batch_size(three, 64)


@pytest.mark.parametrize("option", ["--devices", "--workers", "--profile"])
def test_none_of_them_is_refused(refused, option):
    assert f"{option} must be at least 1" in refused("train.py", "--model", "vgg_l2", option, 0)
