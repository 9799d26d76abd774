"""Readers of what cells tell the directory about themselves."""

from google.protobuf.message import DecodeError

from accord.errors import InvalidError
from accord.wire.directory.v1 import directory_pb2 as wire
from directory.domain.unlawful import check_report
from directory.entrypoints.grpc import forms
from tests.support.fuzzing import Target

UNLAWFUL = wire.ReportUnlawfulRequest(
    bundle_version=1, refused=1,
    conversations=[
        wire.UnlawfulConversation(
            resident="T00000000000A", channel="C00000000000A", outcome="refused", rule="default/de F9",
            bundle_version=1,
        )
    ],
)  # fmt: skip


def unlawful(data: bytes) -> object:
    """What a cell says of its conversations, held against what may be kept."""
    return check_report(forms.unlawful_from_wire(wire.ReportUnlawfulRequest.FromString(data)), 3)


TARGETS: dict[str, Target] = {
    "unlawful conversations of cells": Target(
        ("directory.entrypoints.grpc.forms.unlawful_from_wire", "directory.domain.unlawful.check_report"),
        [UNLAWFUL.SerializeToString()],
        unlawful,
        (InvalidError, DecodeError),
    ),
}
