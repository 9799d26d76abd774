"""Medians, spread, quantiles and comparisons."""

import pytest

from benchmarks.figures import Curve, Figure, against, figures_of, quantile, table


def test_a_figure_is_the_median_of_its_runs_with_their_spread() -> None:
    figure = Figure("W1", "sends", "/s", (90.0, 120.0, 100.0))
    assert figure.median == 100.0
    assert figure.spread == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("part", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0), (0.001, 1.0)]
)
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(part: float, expected: float) -> None:
    assert quantile([float(one) for one in range(100, 0, -1)], part) == expected


def test_a_quantile_of_nothing_is_nothing() -> None:
    assert quantile([], 0.99) == 0.0


def test_runs_become_figures_with_their_shares() -> None:
    figures = figures_of("W1", [{"sends": 10.0}, {"sends": 12.0}], {"sends": "/s"}, {"sends": 0.4})
    assert [(one.name, one.runs, one.share) for one in figures] == [("sends", (10.0, 12.0), 0.4)]


def test_an_older_result_gives_the_part_of_it_and_what_it_lacks_stays_open() -> None:
    figures = figures_of("W1", [{"sends": 50.0, "cpu_us": 3.0}], {"sends": "/s", "cpu_us": "us"})
    older = {"figures": [{"work": "W1", "name": "sends", "median": 25.0}]}
    assert [one.before for one in against(figures, older)] == [2.0, None]


def test_the_table_has_a_line_for_each_figure() -> None:
    text = table([Figure("W1", "sends", "/s", (12_345.0,), share=0.4), Figure("W2", "sends", "/s", (1.5,))])
    head, first, second = text.splitlines()
    assert head.startswith("work")
    assert "12,345" in first
    assert "40.0%" in first
    assert "1.5" in second


def test_a_curve_keeps_its_series_of_one_length() -> None:
    curve = Curve("overload", "t", "x", "y")
    curve.add(1, goodput=10.0, offered=10.0)
    curve.add(2, goodput=11.0, offered=20.0)
    assert curve.to_json()["series"] == {"goodput": [10.0, 11.0], "offered": [10.0, 20.0]}
