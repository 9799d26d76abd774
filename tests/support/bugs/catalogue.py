"""The bugs by name: where each is planted, and which invariants a history of it breaks."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.bugs import edge, reads, sockets, writes
from tests.support.faults import clocks, crashing

CELL, EDGE = "regional_cell", "edge"
KILL = "kill"


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        plane: in whose processes it is planted.
        invariants: each of these has to be named; there may be others.
        needs: what the load has to have beyond the ordinary: a KILL of the cell's processes.
    """

    plane: str
    plant: Callable[[], None]
    invariants: str
    needs: str = ""


BUGS: dict[str, Bug] = {
    "acknowledged before the commit": Bug(CELL, writes.acknowledge_before_commit, "I01", KILL),
    "keys known to one process alone": Bug(CELL, writes.keys_of_one_process, "I03"),
    "times from the wall clock": Bug(CELL, writes.times_from_wall_clock, "I04"),
    "an edit that lost a race is acknowledged": Bug(CELL, writes.lost_edit_acknowledged, "I01"),
    "refused after the commit": Bug(CELL, writes.refused_after_commit, "I02"),
    "a reaction is forgotten": Bug(CELL, writes.reaction_forgotten, "I01"),
    "a page of a moment ago": Bug(CELL, reads.page_of_a_moment_ago, "I05"),
    "search believes the index": Bug(CELL, reads.search_believes_index, "I07"),
    "the deleted comes back in search": Bug(CELL, reads.deleted_found, "I15"),
    "one unread message too many": Bug(CELL, reads.one_unread_too_many, "I15"),
    "a resumed socket starts one event late": Bug(CELL, sockets.resume_one_late, "I06"),
    "a resumed socket hides what it missed": Bug(CELL, sockets.resume_hides_gap, "I06"),
    "replayed after a reset": Bug(CELL, sockets.replay_after_reset, "I06"),
    "who leaves goes on hearing": Bug(CELL, sockets.leavers_hear_on, "I07"),
    "events of another process are lost": Bug(CELL, sockets.others_events_lost, "I06"),
    "an edge tells an event twice": Bug(EDGE, edge.tell_twice, "I06"),
    "an edge turns a tick round": Bug(EDGE, edge.turn_tick_round, "I06"),
    "an edge asks again without a key": Bug(EDGE, edge.ask_again_without_key, "I03"),
    # Last: what is left of the log after it is no good for anything else.
    "the fence compares no head": Bug(CELL, writes.fence_without_head, "I01 I04"),
}
# No bugs: what is lawful but not usual, and processes that die at a point when they are told to.
CONDITIONS: dict[str, Bug] = {
    # With it two processes of a cell write one workspace.
    "the other process first": Bug(EDGE, edge.other_process_first, ""),
    "dies before a commit": Bug(CELL, crashing.before_commit, ""),
    "dies after a commit": Bug(CELL, crashing.after_commit, ""),
    "dies before it tells": Bug(CELL, crashing.before_telling, ""),
    clocks.CLOCK: Bug(CELL, clocks.by_order, ""),
}
BUGS_AND_CONDITIONS = BUGS | CONDITIONS
