"""What holds at one instant: facts, tags, instruments and waivers, from their first second to their last."""

from dataclasses import replace

import pytest

from residency_policies.model import (
    Adequacy,
    AssertedFact,
    Exempt,
    FloorPack,
    Instrument,
    Mechanism,
    Waiver,
)
from residency_policies.places import EVERYWHERE, countries_of
from residency_policies.rule import Ground
from residency_policies.world import World, evidence_of, lacking
from tests.residency_policies.sample_law import CHANNEL, _policy, floors

NOW_S = 1_000
FACT = "recipient_dpf_certified"
POLICY = replace(_policy(CHANNEL), instruments=(), facts=())
PACK = replace(floors()[0], mechanisms=(), adequacy=())
WAIVER = Waiver(
    "w-1", "W", ("firm/red",), PACK.id, ("x-1", "x-2"), "a court", "B. Counsel", "A", 900, 1_100, ()
)
PAPER = Instrument("ins-1", "scc", "Art. 46", "A firm", ("US",), ("message_body",), ("disclose",), 1_100)
HERE = countries_of(("US",))


def world(*facts: int, instruments: tuple[Instrument, ...] = (), waivers: tuple[Waiver, ...] = (),
          tags: tuple[str, ...] = ()) -> World:  # fmt: skip
    """The world at `NOW_S`; `facts` are the ends of one asserted fact."""
    asserted = tuple(AssertedFact(FACT, "an officer", until_s, "E", "because") for until_s in facts)
    policy = replace(POLICY, facts=asserted, instruments=instruments)
    return World((policy,), NOW_S, frozenset(tags), (), waivers)


def of_pack(
    pack: FloorPack, one: World, *mechanisms: str, facts: frozenset[str] = frozenset()
) -> list[Ground]:
    """Grounds of one exception that count now."""
    now, ended = one.grounds(pack, [Exempt(facts, mechanisms)])
    assert ended == []
    return now


def test_instants_are_every_beginning_and_every_end() -> None:
    later = replace(PAPER, id="ins-2", from_s=1_050, until_s=1_200)
    found = world(
        1_300, 1_400, instruments=(PAPER, later),
        waivers=(WAIVER, replace(WAIVER, from_s=None, until_s=1_500)),
    )  # fmt: skip
    assert sorted(found.instants) == sorted([1_300, 1_400, 1_100, 1_050, 1_200, 900, 1_100, 1_500])


def test_the_first_instrument_of_an_id_counts() -> None:
    other = replace(PAPER, citation="another")
    found = World((replace(POLICY, instruments=(PAPER,)),), NOW_S, frozenset(), (other,))
    assert list(found.instruments.values()) == [PAPER]


def test_a_condition_is_left_with_what_only_the_question_knows() -> None:
    one = world(NOW_S + 1, tags=("a:b", "c"))
    rest = frozenset({"incident_mode", "item_tag:red", "channel_tag:red"})
    assert one.settle(rest, if_expired=False) == rest
    assert one.settle(rest | {FACT, "workspace_tag:c", "workspace_tag:a:b"}, if_expired=False) == rest
    assert one.settle(frozenset({"workspace_tag:b"}), if_expired=False) is None
    assert one.settle(frozenset({"workspace_tag:a", "incident_mode"}), if_expired=True) is None


def test_a_fact_ends_with_its_second_and_then_holds_only_against_whoever_relies_on_it() -> None:
    group = frozenset({FACT})
    assert world(NOW_S + 1).settle(group, if_expired=False) == frozenset()
    over = world(NOW_S)
    assert over.settle(group, if_expired=False) is None
    assert over.settle(group, if_expired=True) == frozenset()
    assert world().settle(group, if_expired=True) is None, "what nobody asserted has not ended"
    assert world(NOW_S, NOW_S + 1).expired == frozenset(), "one that still holds is enough"


@pytest.mark.parametrize(("until_s", "state"), [(NOW_S, "INSTRUMENT_EXPIRED"), (NOW_S + 1, "OK")])
@pytest.mark.parametrize("from_s", [None, NOW_S])
def test_an_instrument_counts_from_its_first_second_to_its_last(
    from_s: int | None, until_s: int, state: str
) -> None:
    one = replace(PAPER, from_s=from_s, until_s=until_s)
    assert world().state(one) == state
    assert world().state(replace(PAPER, from_s=NOW_S + 1)) == "INSTRUMENT_MISSING"


@pytest.mark.parametrize("from_s", [None, NOW_S])
def test_a_waiver_lifts_its_clauses_of_its_pack_everywhere_and_names_counsel(from_s: int | None) -> None:
    counts = replace(WAIVER, from_s=from_s)
    ground = Ground((), None, None, EVERYWHERE, frozenset(), "waived by w-1: a court", "counsel: B. Counsel")
    other = replace(counts, id="w-0", pack="floor/other")
    one = world(waivers=(other, counts))
    assert one.waived(PACK, "x-1") == one.waived(PACK, "x-2") == ([ground], [])
    assert one.waived(PACK, "x-3") == ([], [])
    assert one.waived(replace(PACK, no_waiver=True), "x-1") == ([], [])
    over = world(waivers=(replace(counts, until_s=NOW_S),))
    assert over.waived(PACK, "x-1") == ([], [ground])
    assert world(waivers=(replace(WAIVER, from_s=NOW_S + 1),)).waived(PACK, "x-1") == ([], [])


def test_an_exception_of_facts_alone_makes_no_ground_and_hides_none() -> None:
    one = world(instruments=(PAPER,))
    exempts = [
        Exempt(frozenset({"incident_mode"})),
        Exempt(frozenset({FACT}), ("scc",)),
        Exempt(frozenset(), ("scc",)),
    ]
    now, ended = one.grounds(PACK, exempts)
    assert [(ground.instruments, ground.when) for ground in now] == [(("ins-1",), frozenset())]
    assert ended == [], "nobody asserts the fact of the second"


def test_a_ground_needs_the_facts_of_its_exception_and_ends_with_an_asserted_one() -> None:
    exempts = [Exempt(frozenset({FACT, "incident_mode"}), ("scc",))]
    for until_s, counts in ((NOW_S + 1, True), (NOW_S, False)):
        now, ended = world(until_s, instruments=(PAPER,)).grounds(PACK, exempts)
        found = now if counts else ended
        assert [ground.when for ground in found] == [frozenset({"incident_mode"})]
        assert len(now) + len(ended) == 1
    past = replace(PAPER, until_s=NOW_S)
    now, ended = world(instruments=(past,)).grounds(PACK, [Exempt(frozenset({"incident_mode"}), ("scc",))])
    assert (now, [ground.when for ground in ended]) == ([], [frozenset({"incident_mode"})])


def test_an_instrument_is_a_ground_for_what_it_names() -> None:
    (ground,) = of_pack(PACK, world(instruments=(PAPER,)), "scc")
    assert ground == Ground(
        ("ins-1",), frozenset({"disclose"}), frozenset({"message_body"}), HERE, frozenset(),
        "satisfied by ins-1", "Art. 46",
    )  # fmt: skip
    begins = replace(PAPER, from_s=NOW_S + 1)
    assert of_pack(PACK, world(instruments=(begins,)), "scc") == [], "not yet, and it has not ended either"
    single = replace(PACK, mechanisms=(Mechanism("scc", "A", occasional=True),))
    wide = replace(PAPER, ops=("disclose", "replicate_share"))
    assert of_pack(single, world(instruments=(wide,)), "scc")[0].ops == frozenset({"disclose"})
    needing = replace(PACK, mechanisms=(Mechanism("scc", "A", needs=("impact_assessment",)),))
    assert of_pack(needing, world(instruments=(PAPER,)), "scc") == []
    shown = replace(PAPER, evidence=(("tia", "TIA-1"),))
    assert len(of_pack(needing, world(instruments=(shown,)), "scc")) == 1


def test_mechanisms_that_are_wanted_together_reach_where_all_of_them_do() -> None:
    second = replace(
        PAPER, id="ins-0", type="bcr", to=("US", "IN"), classes=("message_body", "file_content"),
        ops=("disclose", "export"), citation="Art. 47",
    )  # fmt: skip
    one = world(instruments=(replace(PAPER, to=("US", "GB"), ops=("disclose", "relocate")), second))
    expected = Ground(
        ("ins-0", "ins-1"), frozenset({"disclose"}), frozenset({"message_body"}), HERE, frozenset(),
        "satisfied by ins-1 and ins-0", "Art. 46; Art. 47",
    )  # fmt: skip
    assert of_pack(PACK, one, "scc", "bcr") == [expected]
    same = world(instruments=(PAPER, replace(second, citation="Art. 46")))
    assert of_pack(PACK, same, "scc", "bcr")[0].cite == "Art. 46", "said once"
    assert of_pack(PACK, world(instruments=(PAPER,)), "scc", "bcr") == []


def test_adequacy_reaches_all_that_is_adequate_now_and_bounds_no_operation() -> None:
    pack = replace(PACK, adequacy=(
        Adequacy("GB", since_s=NOW_S, citation="B"), Adequacy("CH", citation="B"),
        Adequacy("IN", since_s=NOW_S + 1, citation="A"), Adequacy("BR", fact=FACT, citation="A"),
        Adequacy("US", until_s=NOW_S + 1, citation="A"),
    ))  # fmt: skip
    found = of_pack(pack, world(), "adequacy")
    assert [(one.cite, one.places, one.ops, one.classes, one.text) for one in found] == [
        ("A", countries_of(("US",)), None, None, "satisfied by adequacy"),
        ("B", countries_of(("GB", "CH")), None, None, "satisfied by adequacy"),
    ]
    held = of_pack(pack, world(NOW_S + 1), "adequacy")
    assert held[0].places == countries_of(("US", "BR")), "while the fact is asserted"
    # Together with an instrument, the instrument bounds both.
    one = world(instruments=(replace(PAPER, to=("GB", "IN")),))
    bounded = countries_of(("GB",)), frozenset({"disclose"}), frozenset({"message_body"})
    for mechanisms in (("adequacy", "scc"), ("scc", "adequacy")):
        last = of_pack(pack, one, *mechanisms)[-1]
        assert (last.places, last.ops, last.classes) == bounded


def test_adequacy_that_has_ended_is_told_for_every_place_of_its_citation() -> None:
    pack = replace(PACK, adequacy=(
        Adequacy("GB", until_s=NOW_S, citation="B"), Adequacy("CH", since_s=1, until_s=NOW_S, citation="B"),
        Adequacy("BR", fact=FACT, citation="A"), Adequacy("IN", since_s=NOW_S + 1, fact=FACT, citation="A"),
    ))  # fmt: skip
    now, ended = world(NOW_S).grounds(pack, [Exempt(frozenset(), ("adequacy",))])
    assert now == []
    assert [(one.cite, one.places) for one in ended] == [
        ("A", countries_of(("BR",))),
        ("B", countries_of(("GB", "CH"))),
    ]
    assert world().grounds(
        replace(pack, adequacy=pack.adequacy[2:]), [Exempt(frozenset(), ("adequacy",))]
    ) == ([], [])


def test_what_a_law_wants_beside_an_instrument_is_shown_by_papers_of_its_kind() -> None:
    needs = ("notification", "impact_assessment", "annex")
    assert lacking(PAPER, needs) == ("annex", "impact_assessment", "notification")
    assert lacking(replace(PAPER, evidence=(("ref", "1"),)), needs) == ("impact_assessment", "notification")
    assert lacking(replace(PAPER, evidence=(("filing", "1"),)), needs) == ("impact_assessment",)
    assert (evidence_of("impact_assessment"), evidence_of("annex")) == (("tia",), ("ref", "filing"))
