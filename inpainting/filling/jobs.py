"""Which pictures are filled with which masks, and where the results go. Nothing is written over unasked."""

from dataclasses import dataclass
from pathlib import Path

from inpainting.errors import InputError
from inpainting.files import shown
from inpainting.filling import photo_files, photo_masks
from inpainting.filling.inpaint import complete
from inpainting.filling.photo_encoding import FORMATS, losses
from inpainting.filling.photo_files import READ

MARK = "_inpainted"  # after the stem of what is filled


@dataclass(frozen=True)
class Job:
    """picture: a path. mask: a path, "alpha" or None. outputs: a path for each sample."""

    picture: Path
    mask: Path | str | None
    outputs: tuple

    @property
    def is_done(self):
        return all(path.exists() for path in self.outputs)

    def fill(self, choice, *, overwrite=False, skip_existing=False, seed=0, **marking):
        """Fills the picture by the filler of a Choice and writes the results. Returns lines on what was done.

        skip_existing: leaves those that are there. marking: of photo_masks.hole. A sample's seed is one more
        than that of the one before. InputError or DiskError, which names the file, where it cannot be done.
        """
        self._check(overwrite or skip_existing)
        photo = photo_files.read(self.picture)
        mask = photo_masks.grey(self.mask) if isinstance(self.mask, Path) else self.mask
        try:
            missing = photo_masks.hole(photo, mask=mask, **marking)
            for index, output in enumerate(self.outputs):
                if skip_existing and output.exists():
                    continue
                filled = complete(photo, missing, choice, seed=seed + index)
                photo_files.write(filled, output)
        except InputError as error:
            raise InputError(f"{shown(self.picture)}: {error}") from error
        lines = [] if missing.any() else ["nothing is missing: copied"]
        lines += [f"{loss}: PNG and TIFF do not" for loss in losses(photo, self.outputs[0].suffix)]
        return [f"{shown(self.picture)}: {line}" for line in lines]

    def _check(self, may_exist):
        """InputError for a mask that is not there, and for a result that is, unless it may be."""
        if isinstance(self.mask, Path) and not self.mask.is_file():
            raise InputError(f"{shown(self.picture)}: there is no mask {shown(self.mask)}: draw one")
        there = [] if may_exist else [path for path in self.outputs if path.exists()]
        if there:
            raise InputError(f"{shown(there[0])} is there already: --overwrite, --skip-existing or --output")


def plan(picture, *, mask=None, output=None, samples=None):
    """The Jobs of a picture or of all pictures in a folder, by name.

    picture, mask: paths; mask may be "alpha", None, or a folder, where a picture's mask has its stem. output: a
    path, of a file where its suffix is that of a picture, else of a folder; None: beside each picture. samples:
    None or how many completions of each. InputError where there is nothing to fill or no such place.
    """
    pictures = _chosen(Path(picture), output)
    masks = _masks(mask, pictures)
    outputs = [_outputs(path, output, samples) for path in pictures]
    first = dict(zip(reversed(outputs), reversed(pictures), strict=True))
    for path, made in zip(pictures, outputs, strict=True):
        if first[made] != path:
            raise InputError(
                f"{shown(first[made])} and {shown(path)} would both be {shown(made[0])}: rename one of them"
            )
    return [Job(*job) for job in zip(pictures, masks, outputs, strict=True)]


def _chosen(picture, output):
    """The pictures that a path stands for."""
    if picture.is_file():
        return [picture]
    if not picture.is_dir():
        raise InputError(f"there is no {shown(picture)}: give a picture or a folder of some")
    if output is not None and (Path(output).suffix.lower() in FORMATS or Path(output).is_file()):
        raise InputError(f"--output {shown(output)} is a file, {shown(picture)} a folder: give a folder too")
    pictures = _pictures(picture)
    if output is None or (Path(output).is_dir() and Path(output).samefile(picture)):
        pictures = [path for path in pictures if MARK not in path.stem]  # what this has made
    if not pictures:
        raise InputError(f"no pictures ({', '.join(READ)}) in {shown(picture)}: give the folder they are in")
    return pictures


def _masks(mask, pictures):
    """The mask of each picture."""
    if mask is None or mask == "alpha" or Path(mask).is_file():
        return [mask if mask in (None, "alpha") else Path(mask)] * len(pictures)
    if not Path(mask).is_dir():
        raise InputError(f"there is no mask {shown(mask)}: give a picture, a folder of some, or alpha")
    found = {path.stem: path for path in _pictures(Path(mask))}
    return [found.get(path.stem, Path(mask) / f"{path.stem}.png") for path in pictures]


def _pictures(folder):
    """The pictures in a folder, by name; none of those below it, none that is hidden."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in READ and not path.name.startswith(".") and path.is_file()
    )


def _outputs(picture, output, samples):
    """Where what is made of a picture goes."""
    default = f"{picture.stem}{MARK}.png"
    if output is None:
        path = picture.with_name(default)
    elif Path(output).suffix.lower() in FORMATS and not Path(output).is_dir():
        path = Path(output)
    elif Path(output).suffix and not Path(output).is_dir():
        raise InputError(f"--output {shown(output)}: a picture's suffix is one of {', '.join(FORMATS)}")
    else:
        path = Path(output) / default
    if samples is None:
        return (path,)
    return tuple(path.with_name(f"{path.stem}_{index}{path.suffix}") for index in range(1, samples + 1))
