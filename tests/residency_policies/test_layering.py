"""Which documents make a stack: the law by seat, subjects, tags and region, and policies outer to inner."""

from dataclasses import replace

import pytest

from residency_policies.model import AppliesTo, FloorPack, InstrumentDocument, Policy
from residency_policies.places import countries_of
from residency_policies.stack import Around, Stack, make_stack
from tests.residency_policies.sample_law import CHANNEL, FIRM, GROUP, REGIONS, _policy, firm, floors, lone
from tests.residency_policies.support import AT_S

FAR_S = 10**10
LAW = replace(floors()[0], applies_when=AppliesTo())
PLAIN = replace(
    _policy(CHANNEL), layer="workspace", applies_to=AppliesTo(establishment=("UY",)), placement=(), packs=()
)


def stack(
    *laws: FloorPack,
    policy: Policy = PLAIN,
    around: Around | None = None,
    subjects: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
) -> Stack:
    return make_stack(7, policy, laws, REGIONS, AT_S, "UY", subjects, tags, around=around or Around())


def when(**keys: tuple[str, ...]) -> FloorPack:
    """The pack, for whom the keys name."""
    return replace(LAW, applies_when=AppliesTo(**keys))


@pytest.mark.parametrize(
    ("law", "subjects", "tags"),
    [
        (when(establishment=("UY", "CN")), (), ()),
        (when(subjects=("FR",), tags=("sector.health",)), ("FR",), ()),
        (when(subjects=("FR",), tags=("sector.health",)), (), ("sector.health",)),
    ],
)
def test_a_law_applies_by_seat_by_subjects_or_by_tags_each_alone(
    law: FloorPack, subjects: tuple[str, ...], tags: tuple[str, ...]
) -> None:
    found = stack(law, subjects=subjects, tags=tags)
    assert (found.floors, found.binding) == ((law,), (law,))
    assert {rule.src for rule in found.rules if rule.layer == 0} == {None}, "from wherever the data comes"
    other = when(establishment=("CN",), subjects=("US",), tags=("sector.bank",))
    assert stack(other, subjects=subjects, tags=tags).floors == ()


def test_what_a_policy_states_of_itself_calls_the_law_as_what_is_asked_does() -> None:
    law = when(subjects=("FR",), tags=("sector.health",))
    for stated in (AppliesTo(subjects=("FR",)), AppliesTo(tags=("sector.health",))):
        assert stack(law, policy=replace(PLAIN, applies_to=stated)).floors == (law,)
    assert stack(law).floors == ()


def test_a_law_of_a_region_is_for_data_from_there_and_binds_whoever_lets_data_rest_there() -> None:
    law = when(region=("EEA",))
    found = stack(law)
    assert (found.floors, found.binding) == ((law,), ())
    assert {rule.src for rule in found.rules if rule.layer == 0} == {countries_of(("EEA",))}
    rests = replace(PLAIN, placement=_policy(FIRM).placement)
    assert stack(law, policy=rests).binding == (law,)


def test_a_law_for_others_hides_none_that_comes_after_it() -> None:
    first, second = replace(when(establishment=("CN",)), id="floor/a"), when(establishment=("UY",))
    assert stack(second, first).floors == (second,)


def test_an_instrument_in_a_document_of_its_own_counts_for_the_policies_that_it_names() -> None:
    (paper,) = _policy(CHANNEL).instruments
    around = Around(instruments=(InstrumentDocument("firm/paper", "I", ("firm/a", "firm/b"), paper),))
    first, second = replace(PLAIN, id="firm/b"), replace(PLAIN, id="firm/c")
    assert around.instruments_of((first, second)) == (paper,)
    assert around.instruments_of((second,)) == ()


def test_a_pack_that_is_no_floor_applies_only_where_a_policy_names_it() -> None:
    pack = replace(when(establishment=("UY",)), id="pack/x")
    assert stack(pack).floors == ()
    assert stack(pack, policy=replace(PLAIN, packs=("pack/x",))).floors == (pack,)


def test_a_stack_tells_its_documents_outer_to_inner_and_which_layers_need_a_permit() -> None:
    found = firm()
    assert [one.id for one in found.floors] == ["floor/many", "floor/x"]
    assert [one.id for one in found.policies] == ["firm/group", "firm/main", "firm/red"]
    assert [(one.document, one.closed, one.number) for one in found.layers] == [
        ("floor/many", False, 0), ("floor/x", False, 1), ("firm/group", False, 2), ("firm/main", True, 3),
        ("firm/red", True, 4),
    ]  # fmt: skip
    assert [one.document for one in found.closed] == ["firm/main", "firm/red"]
    assert found.at_s == AT_S


def test_a_stack_after_which_nothing_begins_or_ends_holds_for_ever() -> None:
    assert lone(FAR_S).boundary_s is None
    assert lone().boundary_s is not None


def test_no_layer_rests_on_an_instrument_of_another_of_its_kind() -> None:
    group = _policy(GROUP)
    using = replace(_policy(CHANNEL).flows[0], using=("ins-9",))
    first = replace(group, id="firm/a", flows=(using,), instruments=())
    second = replace(group, id="firm/b", flows=(), instruments=_policy(CHANNEL).instruments)

    def permits(*organisations: Policy) -> int:
        rules = stack(around=Around(organisations=organisations)).rules
        return sum(rule.effect == "permit" and rule.because.policy == "firm/a" for rule in rules)

    held = replace(first, instruments=second.instruments)
    assert permits(held, second) == 1
    assert permits(first, second) == permits(second, first) == 0
