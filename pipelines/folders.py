"""The pictures of a folder: which are found, which are passed over, and which of the three splits each is in.

One walk goes through all that lies below the folder, links and what they lead to included, each folder once.
A picture's split follows from its path below the folder alone, so that another picture more or less moves none:
its subfolder says it, `train`, `val` (`valid`, `validation`) or `test`, or else a hash of the path does.
"""

import hashlib
import heapq
import json
import logging
import os
import stat
import unicodedata
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field

from inpainting.errors import InputError, first_line
from inpainting.files import shown
from pipelines import pictures

PREFIX = "folder:"
SPLITS = ("train", "validation", "test")
SUBFOLDERS = {"train": "train", **dict.fromkeys(("val", "valid", "validation"), "validation"), "test": "test"}
SHARE = 0.1  # of the pictures, for test; as many for validation
SALT = "pictures70"  # another one splits every folder anew
SUFFIXES = (".png", ".jpg", ".jpeg")
SHOWN = 6  # other suffixes that a line counts
WAY_OUT = f"give the pictures' place, --dataset {PREFIX}PATH"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folder:
    """splits: for each of the SPLITS the pictures' paths below root, sorted. passed_over: why -> how many.

    A name of any bytes is a str as Python's os has it, with surrogates for what is not UTF-8.
    """

    root: str
    splits: dict
    passed_over: Counter
    told: set = field(default_factory=set)  # lines on its files that have been logged

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name, size):
        """A picture as uint8 [size, size, 3], or None; see pictures.read. Each bad file is named once."""
        return pictures.read(self.path(name), size, self.told)

    def first(self, split, size=1):
        """The first picture of a split that can be read. InputError where none can."""
        images = (self.read(name, size) for name in self.splits[split])
        image = next((image for image in images if image is not None), None)
        if image is None:
            raise InputError(self.unreadable(split))
        return image

    def unreadable(self, split):
        """The line that none of a split's pictures can be read."""
        count = len(self.splits[split])
        return (
            f"none of the {count} {split} pictures in {shown(self.root)} can be read: mend them, or {WAY_OUT}"
        )

    @property
    def summary(self):
        counts = {split: f"{len(names):,} {split}" for split, names in self.splits.items()}
        used = f"used {sum(map(len, self.splits.values())):,} pictures ({', '.join(counts.values())})"
        return f"{shown(self.root)}: {used}, {_said(self.passed_over)}"


def of(dataset):
    """The Folder of `folder:PATH`, None of another data set. InputError as `find`."""
    return find(dataset.removeprefix(PREFIX)) if dataset.startswith(PREFIX) else None


def find(folder):
    """The Folder of a path. InputError where there is none, or too few pictures for the three splits."""
    if not str(folder):
        raise InputError(f"{PREFIX} names no folder: {WAY_OUT}")
    root = os.path.expanduser(folder)
    if os.path.exists(root) and not os.path.isdir(root):
        raise InputError(f"{shown(root)} is a file: {WAY_OUT}, that of the folder it lies in")
    if not os.path.isdir(root):
        raise InputError(f"there is no folder {shown(root)}: {WAY_OUT}")
    found, passed_over = _walk(root)
    if len(found) < 3:
        raise InputError(
            f"{f'only {len(found)}' if found else 'no'} pictures ({', '.join(SUFFIXES)}) in {shown(root)}, "
            f"{_said(passed_over)}: training, validation and test need one each at least: {WAY_OUT}"
        )
    splits = _split(found, passed_over)
    for split, names in splits.items():
        if not names:
            raise InputError(f"no {split} pictures in {shown(root)}, {_said(passed_over)}: {WAY_OUT}")
    return Folder(root, splits, passed_over)


def _walk(root):
    """The paths of the pictures below root, and why -> how many others were passed over.

    Links come after all that lies there itself: a picture that two ways lead to has the name of the first.
    """
    found, passed_over, seen = [], Counter(), set()
    folders, links = [""], []

    def enter(below):
        path = os.path.join(root, below)
        try:
            names = sorted(os.listdir(path))
        except OSError as error:
            log.warning("passed over, unreadable folder: %s (%s)", shown(path), first_line(error))
            passed_over["unreadable folders"] += 1
            return
        if "config.json" in names and _is_run(os.path.join(path, "config.json")):
            passed_over["runs' directories"] += 1
            return
        for name in names:
            name = os.path.join(below, name)
            if os.path.basename(name).startswith("."):
                passed_over["hidden"] += 1
            elif os.path.islink(os.path.join(root, name)):
                heapq.heappush(links, name)
            else:
                take(name, linked=False)

    def take(name, linked):
        try:
            status = os.stat(os.path.join(root, name))
        except OSError:
            passed_over["broken links" if linked else "unreadable files"] += 1
            return
        place = status.st_dev, status.st_ino
        suffix = os.path.splitext(name)[1].lower()
        if stat.S_ISDIR(status.st_mode):
            if place in seen:
                passed_over["links to folders that are in already"] += 1
            else:
                seen.add(place)
                folders.append(name)
        elif not stat.S_ISREG(status.st_mode):
            passed_over["special files"] += 1
        elif suffix not in SUFFIXES:
            passed_over[shown(suffix) or "no suffix"] += 1
        elif linked and place in seen:
            passed_over["links to pictures that are in already"] += 1
        else:
            seen.add(place)
            found.append(name)

    status = os.stat(root)
    seen.add((status.st_dev, status.st_ino))
    while folders or links:
        if folders:
            enter(folders.pop())
        else:
            take(heapq.heappop(links), linked=True)
    return sorted(found), passed_over


def _is_run(config):
    """Whether a config.json is one of ours: its directory's samples and figures are no data."""
    try:
        with open(config, encoding="utf-8") as file:
            values = json.load(file)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and {"model", "method"} <= set(values)


def _said(passed_over):
    """How many were passed over and why, the most frequent kinds first."""
    counts = sorted(passed_over.items(), key=lambda item: (-item[1], item[0]))
    suffixes = [f"{reason} {count:,}" for reason, count in counts if reason.startswith(".")]
    others = [f"{reason} {count:,}" for reason, count in counts if not reason.startswith(".")]
    if len(suffixes) > SHOWN:
        suffixes[SHOWN:] = ["…"]
    reasons = [f"{', '.join(suffixes)}: not PNG or JPEG"] * bool(suffixes) + others
    return f"passed over {passed_over.total():,}" + (f" ({'; '.join(reasons)})" if reasons else "")


def _split(found, passed_over):
    """split -> paths. A split without a subfolder of its own has a share of the training pictures, by hash."""
    top = {name: SUBFOLDERS.get(name.split(os.sep)[0].lower()) for name in found if os.sep in name}
    splits = {split: [name for name in found if top.get(name) == split] for split in SPLITS}
    rest = [name for name in found if not top.get(name)]
    if splits["train"]:
        if rest:
            passed_over["outside of train, validation and test"] += len(rest)
        rest = splits["train"]
    missing = [split for split in ("test", "validation") if not splits[split]]
    by_hash = sorted((_fraction(name), name) for name in rest)
    start, fractions = 0, [fraction for fraction, _ in by_hash]
    for place, split in enumerate(missing, 1):
        last = len(by_hash) - 1 - len(missing) + place  # each split that comes after needs one
        end = min(max(bisect(fractions, SHARE * place), start + 1), last)
        splits[split] = sorted(name for _, name in by_hash[start:end])
        start = end
    return {**splits, "train": sorted(name for _, name in by_hash[start:])}


def _fraction(name):
    """A path's place in [0, 1): the same on every system, also where names are stored decomposed."""
    path = unicodedata.normalize("NFC", name).replace(os.sep, "/")
    digest = hashlib.sha256((SALT + path).encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
