import errno
import os

import numpy as np
import pytest
import tensorflow as tf

from inpainting import checkpoints
from inpainting.errors import InputError


def state(value=1.0):
    return {
        "generator": [tf.Variable([value, 2.0]), tf.Variable(3.0)],
        "step": [tf.Variable(5, dtype=tf.int64)],
    }


def test_what_is_saved_is_restored(tmp_path):
    path = tmp_path / "sub" / "last.npz"
    checkpoints.save(path, state(), {"best": 0.5})
    groups, progress = checkpoints.load(path)
    other = state(9.0)
    checkpoints.restore(groups, other, path)
    assert progress == {"best": 0.5}
    np.testing.assert_array_equal(other["generator"][0], [1.0, 2.0])
    assert other["step"][0].numpy() == 5 and list(path.parent.iterdir()) == [path]


def test_a_checkpoint_of_another_model_is_refused_whole(tmp_path):
    path = tmp_path / "last.npz"
    checkpoints.save(path, state(), {})
    other = {"step": [tf.Variable(0, dtype=tf.int64)], "generator": [tf.Variable([0.0])]}
    with pytest.raises(InputError, match="does not fit this model: its generator"):
        checkpoints.restore(checkpoints.load(path)[0], other, path)
    assert other["step"][0].numpy() == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint_is_named(tmp_path, share):
    path = tmp_path / "last.npz"
    checkpoints.save(path, state(), {})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"last.npz is damaged"):
        checkpoints.load(path)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.npz"
    checkpoints.save(path, state(), {})
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(path, state(2.0), {})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    with pytest.raises(FloatingPointError, match="generator/000"):
        checkpoints.save(tmp_path / "last.npz", state(np.nan), {})
    assert not list(tmp_path.iterdir())
