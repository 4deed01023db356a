"""The models that clients may name. Each is loaded once, whoever asks, and one picture is filled at a time."""

from threading import Lock

from inpainting.errors import InputError
from inpainting.files import shown
from inpainting.filling import inpaint, photo_files, photo_masks
from inpainting.filling.choice import CLASSICAL_FILLERS, Choice, load_fillers, published

PIXELS = 50_000_000  # of a picture; more are refused before they are decoded


class Models:
    """The classical methods, the published weights and, first, the model that is used where none is named."""

    def __init__(self, default=None):
        """default: as a Choice takes it, also a run's directory. InputError where there is no such model."""
        self.default = Choice(default).name
        self.names = list(dict.fromkeys([self.default, *published(), *CLASSICAL_FILLERS]))
        self._loaded = {}
        self._lock = Lock()

    def _load(self, workdir):
        """The Fillers of a Workdir, loaded at first use."""
        if workdir.path not in self._loaded:
            self._loaded[workdir.path] = load_fillers(workdir)
        return self._loaded[workdir.path]

    def choice(self, name=None, **options):
        """The Choice of one of `names`, never of a path that a client gives. InputError for any other."""
        name = name or self.default
        if name not in self.names:
            raise InputError(f"there is no model {shown(name)}: model is one of {', '.join(self.names)}")
        return Choice(name, load=self._load, **options)

    def takes(self, name, **options):
        """Whether a model has such options of a Choice, `realism` or `samples`."""
        try:
            self.choice(name, **options)
        except InputError:
            return False
        return True

    def warm(self):
        """Loads the default model, so that the first client need not wait for it."""
        with self._lock:
            _ = self.choice().filler

    def fill(self, picture, *, choice, mask=None, painted=None, grow=0, seeds=(0,)):
        """Yields, for each seed, the Photo as it came and completed.

        picture, mask: bytes of files; mask may be None. painted: None or uint8 [h, w] of any size, stretched
        over the picture; 128 and above is missing. InputError for what is refused.
        """
        with self._lock:
            photo = photo_files.decoded(picture, "the picture", most=PIXELS)
            missing = None
            if mask is not None:
                missing = photo_masks.of_photo(photo_files.decoded(mask, "the mask", most=PIXELS))
            if painted is not None and painted.any():
                missing = photo_masks.joined(photo, missing, painted)
            missing = photo_masks.hole(photo, mask=missing, grow=grow)
        for seed in seeds:
            with self._lock:
                completed = inpaint.complete(photo, missing, choice, seed=seed)
            yield photo, completed
