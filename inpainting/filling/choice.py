"""The filler of a name: a classical method, published weights, a run. Only a network needs TensorFlow."""

from functools import cached_property
from pathlib import Path

from inpainting.command_line import import_tensorflow
from inpainting.errors import InputError
from inpainting.files import shown
from inpainting.filling.classical import CLASSICAL
from inpainting.filling.filler import Blend, ClassicalFiller
from inpainting.workdir import Workdir

PUBLISHED = Path(__file__).parents[2] / "pretrained"
PREFERRED = ("photos_l2", "photos_wgan")  # for photographs, the first that is published
CLASSICAL_FILLERS = {method.__name__: ClassicalFiller(name, method) for name, method in CLASSICAL.items()}


def best():
    """The name of the model that fills photographs where none is named."""
    return next((name for name in PREFERRED if (PUBLISHED / name / "config.json").exists()), "biharmonic")


def load_fillers(workdir):
    """The Fillers of a Workdir's network, the usual one first."""
    import_tensorflow()
    from inpainting.filling import fillers

    return fillers.load_fillers(workdir)[0]


def published():
    """The names of the published weights."""
    return sorted(path.parent.name for path in PUBLISHED.glob("*/config.json"))


class Choice:
    """A model by name: one of CLASSICAL_FILLERS, of a directory in pretrained/ or runs/, or a directory's path.

    realism: None, or the share in [0, 1] of the model itself in a blend with the one trained on L2 that lies
    beside it: pretrained/photos_wgan with pretrained/photos_l2. samples: whether completions are drawn, by a
    density model. load: what gives the Fillers of a Workdir. InputError, at once, where there is no such model,
    or none to blend with.
    """

    def __init__(self, name=None, *, realism=None, samples=False, load=load_fillers):
        self.name = name or best()
        self.realism = realism
        self.samples = samples
        self._load = load
        self.workdir = None if self.name in CLASSICAL_FILLERS else _found(self.name)
        self.faithful = None if realism is None else self._partner()
        if samples and (self.workdir is None or self.workdir.read_config().method.family != "density"):
            raise InputError(
                f"{shown(self.name)} fills a hole in one way: --samples is for density models, such as "
                "conditional_pixel_cnn"
            )

    def _partner(self):
        """The Workdir of the model trained on L2 beside this one."""
        path = self.workdir.path.resolve() if self.workdir else Path()
        stem, _, method = path.name.rpartition("_")
        partner = path.with_name(f"{stem}_l2") if method in ("wgan", "dcgan") else None
        if partner is None or not (partner / "config.json").exists():
            raise InputError(
                f"realism blends a NAME_wgan or NAME_dcgan with the NAME_l2 beside it, and there is none for "
                f"{shown(self.name)}: leave realism out"
            )
        return Workdir(partner)

    @cached_property
    def filler(self):
        """The Filler, loaded at first use."""
        if self.workdir is None:
            return CLASSICAL_FILLERS[self.name]
        fillers = self._load(self.workdir)
        if self.samples:
            return next(filler for filler in fillers if filler.draws)
        if self.faithful is None:
            return fillers[0]
        return Blend(self.name, self._load(self.faithful)[0], fillers[0], self.realism)


def _found(name):
    """The Workdir of published weights or a run. InputError, which says what there is, where there is none."""
    for path in (PUBLISHED / name, Path("runs") / name, Path(name)):
        if (path / "config.json").exists():
            return Workdir(path)
    known = ", ".join([*CLASSICAL_FILLERS, *published()])
    raise InputError(f"there is no model {shown(name)}: --model takes {known}, or a run's directory")
