"""The benchmark of photographs, on three small ones."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.photos import main
from inpainting.errors import InputError
from inpainting.filling.choice import CLASSICAL_FILLERS


@pytest.fixture
def folders(tmp_path):
    """Three photographs of grain and a mask of the same square for each, in one kind."""
    photographs, masks = tmp_path / "photographs", tmp_path / "masks"
    (masks / "block").mkdir(parents=True)
    photographs.mkdir()
    mask = np.zeros((24, 30), np.uint8)
    mask[8:16, 10:18] = 255
    for index in range(3):
        grain = np.random.default_rng(index).integers(0, 256, (24, 30, 3), np.uint8)
        Image.fromarray(grain).save(photographs / f"{index}.png")
        Image.fromarray(mask).save(masks / "block" / f"{index}.png")
    return photographs, masks


def test_psnr_and_gain_are_means_over_photographs(folders, capsys):
    photographs, masks = folders
    main([str(folder) for folder in folders] + ["--model", "context_mean"])
    psnr = {}
    for name in ("telea", "navier_stokes", "biharmonic", "context_mean"):
        values = []
        for path in sorted(photographs.iterdir()):
            picture, mask = np.array(Image.open(path)), np.array(Image.open(masks / "block" / path.name)) > 0
            completed = CLASSICAL_FILLERS[name](picture[None], mask[None])[0]
            error = (completed[mask] / 255.0 - picture[mask] / 255.0) ** 2
            values.append(-10 * np.log10(error.mean()))
        psnr[name] = np.mean(values)
    best = max(list(psnr)[:3], key=psnr.get)
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split(" | ")[1]: line.split(" | ") for line in lines if line.startswith("| block")}
    for name, value in psnr.items():
        assert float(cells[name][2].split(" ± ")[0]) == pytest.approx(value, abs=0.006)
        gain = cells[name][3].split(" ± ")[0]
        assert gain == "" if name == best else float(gain) == pytest.approx(value - psnr[best], abs=0.011)


def test_refusals(folders, tmp_path):
    photographs, masks = folders
    with pytest.raises(InputError, match="is no folder"):
        main([str(photographs), str(tmp_path / "nowhere")])
    with pytest.raises(InputError, match="no folder with masks"):
        main([str(photographs), str(photographs)])
    (masks / "block" / "other.png").write_bytes((masks / "block" / "0.png").read_bytes())
    with pytest.raises(InputError, match=r"other\.png is a mask of no photograph"):
        main([str(photographs), str(masks)])
