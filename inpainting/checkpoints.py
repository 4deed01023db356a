"""Checkpoints: the state of a run in one NumPy archive, written beside and renamed.

One file is either there or not, is checked by the CRC of each member when read, and is the same on both Keras
lines. A run keeps two: `last.npz`, to resume from, and `best.npz`, the best on validation.
"""

import io
import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from inpainting.errors import InputError
from inpainting.files import atomic_file, disk
from inpainting.variables import resource

LAST, BEST = "last.npz", "best.npz"


def save(path, state, progress):
    """Writes the variables of `state`, a dict of name -> list of variables, and `progress`, a dict for JSON.

    Raises FloatingPointError, and writes nothing, if a variable is not finite.
    """
    groups = {name: [np.asarray(resource(variable).numpy()) for variable in state[name]] for name in state}
    content = packed(groups, progress)
    path = Path(path)
    with disk(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(content)


def packed(groups, progress, *, compressed=False):
    """The bytes of a checkpoint of what `load` returns. FloatingPointError if an array is not finite."""
    arrays = {f"{name}/{index:03d}": array for name in groups for index, array in enumerate(groups[name])}
    for key, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise FloatingPointError(f"{key} is not finite")
    archive = io.BytesIO()
    savez = np.savez_compressed if compressed else np.savez
    savez(archive, progress=np.array(json.dumps(progress)), **arrays)
    return archive.getvalue()


def load(path):
    """The arrays of a checkpoint, a dict of name -> list, and its progress. InputError if it is damaged."""
    path = Path(path)
    with disk(path):
        if not path.exists():
            raise InputError(f"there is no checkpoint {path}: train first")
        os.close(os.open(path, os.O_RDONLY))  # what may not be read is not damaged
    groups = {}
    try:
        with np.load(path) as archive:
            progress = json.loads(str(archive["progress"]))
            for key in sorted(set(archive.files) - {"progress"}):
                groups.setdefault(key.split("/")[0], []).append(archive[key])
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError) as error:
        raise InputError(
            f"the checkpoint {path} is damaged ({error}): resume from a copy, or start over with --overwrite"
        ) from error
    return groups, progress


def restore(groups, state, path):
    """Assigns the arrays of `load` to the variables of `state` (some of the groups, or all).

    Raises InputError, before anything is assigned, if they do not fit.
    """
    for name, variables in state.items():
        saved = [tuple(array.shape) for array in groups.get(name, [])]
        wanted = [tuple(variable.shape) for variable in variables]
        if saved != wanted:
            raise InputError(
                f"the checkpoint {path} does not fit this model: its {name} has other variables; "
                "use the settings, and the version, that it was trained with"
            )
    for name, variables in state.items():
        for variable, array in zip(variables, groups[name], strict=True):
            variable.assign(array)
