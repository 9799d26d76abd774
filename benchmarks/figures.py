"""What a measurement says: named figures with units, each the median of some runs, as a table and as JSON."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its value in every run. `share` is of the bare baseline's, `before` of an older result's
    median.
    """

    work: str
    name: str
    unit: str
    runs: tuple[float, ...]
    share: float | None = None
    before: float | None = None

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.runs)

    @property
    def spread(self) -> float:
        """The largest run minus the smallest, as a part of the median; 0 for one run or a median of 0."""
        return (max(self.runs) - min(self.runs)) / self.median if self.median else 0.0

    def to_json(self) -> dict[str, Any]:
        """The members of one figure in the result file."""
        return {
            "work": self.work,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "spread": round(self.spread, 3),
            "runs": list(self.runs),
            "share_of_bare": self.share,
            "of_before": self.before,
        }


@dataclass
class Curve:
    """Points for a plot: x against one or more named series of the same length."""

    work: str
    title: str
    x_label: str
    y_label: str
    x: list[float] = field(default_factory=list)
    series: dict[str, list[float]] = field(default_factory=dict)

    def add(self, x: float, **values: float) -> None:
        """One point of every series."""
        self.x.append(x)
        for name, value in values.items():
            self.series.setdefault(name, []).append(value)

    def to_json(self) -> dict[str, Any]:
        """The members of one curve in the result file."""
        return {
            "work": self.work,
            "title": self.title,
            "x_label": self.x_label,
            "y_label": self.y_label,
            "x": self.x,
            "series": self.series,
        }


@dataclass
class Results:
    """What one or more works found."""

    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Results") -> None:
        """Append another work's."""
        self.figures += other.figures
        self.curves += other.curves
        self.faults += other.faults


def quantile(times: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of the values do not exceed; 0.0 of none.

    Args:
        times: in any order.
        part: from 0 to 1.
    """
    if not times:
        return 0.0
    ordered = sorted(times)
    return float(ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * part // 1) - 1))])


def figures_of(
    work: str,
    runs: Sequence[Mapping[str, float]],
    units: Mapping[str, str],
    shares: Mapping[str, float] | None = None,
) -> list[Figure]:
    """Runs of one work, each a mapping of names to values, as figures in the order of `units`."""
    return [
        Figure(work, name, unit, tuple(run[name] for run in runs), (shares or {}).get(name))
        for name, unit in units.items()
        if all(name in run for run in runs)
    ]


def against(figures: Iterable[Figure], before: Mapping[str, Any]) -> list[Figure]:
    """The figures, each with its part of the same one in an older result file; those are compared within
    one machine.
    """
    known = {(row["work"], row["name"]): row["median"] for row in before["figures"]}
    return [
        Figure(one.work, one.name, one.unit, one.runs, one.share, one.median / old if old else None)
        for one in figures
        for old in [known.get((one.work, one.name))]
    ]


def table(figures: Iterable[Figure]) -> str:
    """The figures for people: median, spread, share of the bare baseline, part of the older result."""
    lines = [
        f"{'work':<10}{'figure':<34}{'median':>12} {'unit':<10}{'spread':>8}{'of bare':>10}{'of before':>11}"
    ]
    for one in figures:
        share = f"{one.share:.1%}" if one.share is not None else ""
        before = f"{one.before:.2f}x" if one.before is not None else ""
        value = f"{one.median:,.0f}" if one.median >= 100 else f"{one.median:.3g}"
        lines.append(
            f"{one.work:<10}{one.name:<34}{value:>12} {one.unit:<10}{one.spread:>8.0%}{share:>10}{before:>11}"
        )
    return "\n".join(line.rstrip() for line in lines)
