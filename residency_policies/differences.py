"""What two bundles decide otherwise of one flow: as it is asked about at a point, class by class."""

from collections.abc import Iterable

from residency_policies.analyse.impact import difference
from residency_policies.compiled import CompiledBundle
from residency_policies.points import Flow, Point
from residency_policies.traffic import Change

Differences = tuple[tuple[str, Change, str], ...]
"""(class, way, clause) of each class that is decided otherwise."""


def differences(
    point: Point,
    flow: Flow,
    establishment: str,
    subjects: Iterable[str],
    tags: Iterable[str],
    *,
    active: CompiledBundle,
    shadow: CompiledBundle,
) -> Differences:
    """By the tables of both as they are given; decides nothing."""
    ruled_by = flow.workspace, establishment, tuple(subjects), tuple(tags)
    one, other = (bundle.profile_for(*ruled_by).decide for bundle in (active, shadow))
    asked = zip(point.questions(flow, active.version), point.questions(flow, shadow.version), strict=True)
    told = ((before.data_class, difference(one(before), other(now))) for before, now in asked)
    return tuple((data_class, *change) for data_class, change in told if change is not None)
