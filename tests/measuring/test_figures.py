"""Figures that are read back."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from inpainting.measuring import figures
from inpainting.measuring.figures import plane, side_by_side
from inpainting.pixels import to_float


def test_pictures_are_shown_enlarged_under_their_names(tmp_path):
    """Pictures of 32×32 as 6×6 squares a pixel, 6 between them; the first two of three beside the third."""
    random = np.random.default_rng(0)
    pictures = {name: random.integers(0, 200, (3, 32, 32, 3), np.uint8) for name in ("context", "truth")}
    path = tmp_path / "figures" / "sheet.png"
    side_by_side({name: to_float(values) for name, values in pictures.items()}, path, images_a_row=2)
    sheet = np.asarray(Image.open(path))
    across = (0, 198, 198 + 192 + 18, 198 + 192 + 18 + 198)  # two columns, a wider gap, two columns
    top = sheet.shape[0] - (192 + 6 + 192)
    assert sheet.shape[1] == across[-1] + 192 and 13 < top < 40
    for index, left in enumerate(across):
        name, first = ("context", "truth")[index % 2], 2 * (index // 2)
        squares = sheet[top : top + 192, left : left + 192].reshape(32, 6, 32, 6, 3)
        expected = np.broadcast_to(pictures[name][first][:, None, :, None], squares.shape)
        np.testing.assert_array_equal(squares, expected)
        assert (sheet[:top, left : left + 192] < 100).any()  # its name
    assert (sheet[top + 198 :, across[2] :] == 255).all()  # where a fourth would be


def test_the_plane_has_every_filler_and_the_truth(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "_write", lambda figure, path: drawn.append(figure))
    rows = {
        "l2": {"hole_mse": 0.01, "sharpness": 0.5, "c2st": 0.9},
        "realism 0.5 from l2": {"hole_mse": 0.012, "sharpness": 0.7},
        "realism 1 from l2": {"hole_mse": 0.02, "sharpness": 0.9},
    }
    plane({name: {**row} for name, row in rows.items()}, tmp_path)
    plane({name: {**row, "c2st": 0.6} for name, row in rows.items()}, tmp_path)
    for figure, keys in zip(drawn, (["sharpness", "c2st"],) * 2, strict=True):
        assert isinstance(figure, Figure) and [axis.get_ylabel() for axis in figure.axes] == keys
    points = {line.get_label(): line.get_xydata().tolist() for line in drawn[0].axes[0].lines}
    assert points["truth"] == [[0, 1]] and points["l2"] == [[0.01, 0.5]]
    assert [[0.012, 0.7], [0.02, 0.9]] in points.values()  # the dial, joined
    assert drawn[1].axes[1].lines[0].get_xydata().tolist() == [[0, 0.5]]
