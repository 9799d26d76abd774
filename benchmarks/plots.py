"""Plots of results, as SVG."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from benchmarks.figures import Curve

matplotlib.use("svg")
# One file from the same points: no date, no random names.
matplotlib.rcParams["svg.hashsalt"] = "colink"


def save(curves: Sequence[Curve], folder: Path) -> list[Path]:
    """One file per curve, named after its work and title. Returns the files."""
    from matplotlib import pyplot

    files: list[Path] = []
    for curve in curves:
        figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
        for name, values in curve.series.items():
            axes.plot(curve.x, values, marker="o", label=name.replace("_", " "))
        axes.set(title=curve.title, xlabel=curve.x_label, ylabel=curve.y_label)
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
        file = folder / f"{curve.work}.svg"
        figure.savefig(file, metadata={"Date": None})
        pyplot.close(figure)
        files.append(file)
    return files
