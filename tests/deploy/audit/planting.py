"""Faults to plant in lawful histories: each changes what clients were shown or told, and breaks one promise.

A fault takes the lines of a history and dice; it changes them and returns whether it found a place for it.
"""

import random
from collections.abc import Callable

from tests.deploy.audit import wrong_reads as reads
from tests.deploy.audit import wrong_streams as streams
from tests.deploy.audit.lines import Line

Plant = Callable[[list[Line], random.Random], bool]

PLANTS: dict[Plant, str] = {
    reads.lose: "I01",
    reads.hole: "I04 I05",
    reads.repeat: "I03",
    reads.swap: "I04",
    reads.alter: "I02",
    reads.invent: "I02",
    reads.misplace: "I02",
    reads.show_failed: "I02",
    reads.answer_twice: "I03",
    reads.post_twice: "I03",
    reads.go_back: "I05",
    reads.disorder: "I04",
    reads.forget_edit: "I01",
    reads.revive: "I01",
    reads.find_deleted: "I15",
    reads.lose_reaction: "I01",
    reads.miscount: "I15",
    reads.miss_in_search: "I15",
    reads.peep: "I07",
    streams.drop_event: "I06",
    streams.repeat_event: "I06",
    streams.swap_events: "I06",
    streams.tell_otherwise: "I06",
    streams.skip_after_resume: "I06",
    streams.hide_reset: "I06",
    streams.tell_stranger: "I07",
    streams.lose_entry: "I01",
    streams.skip_entry: "I04",
    streams.commit_elsewhere: "I08",
    streams.answer_elsewhere: "I08",
}
