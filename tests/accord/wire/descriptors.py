"""The wire as descriptors, read from the generated stubs, and the rules that changes of it keep."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

ROOT = Path(__file__).resolve().parents[3]
PROTO = ROOT / "proto"


def current() -> FileDescriptorSet:
    """Every stub that is checked in."""
    wire = FileDescriptorSet()
    for path in sorted((ROOT / "accord" / "wire").rglob("*_pb2.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        wire.file.append(file)
    return wire


def messages(file: FileDescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
    """Full name and descriptor of every message, nested ones too."""

    def walk(prefix: str, found: DescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
        name = f"{prefix}.{found.name}"
        yield name, found
        for nested in found.nested_type:
            yield from walk(name, nested)

    for message in file.message_type:
        yield from walk(file.package, message)


def carries_text(message: DescriptorProto, field: FieldDescriptorProto) -> bool:
    """Text and bytes fields, and maps (whose keys are text)."""
    is_map = any(field.type_name.endswith("." + n.name) and n.options.map_entry for n in message.nested_type)
    return is_map or field.type in (FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_BYTES)


def broken_promises(old: FileDescriptorSet, new: FileDescriptorSet) -> list[str]:
    """What was published and is gone or different: messages, fields, enum values, methods."""
    before, after = _facts(old), _facts(new)
    return [
        f"{name}: {fact} became {after.get(name)}" for name, fact in before.items() if after.get(name) != fact
    ]


def _facts(wire: FileDescriptorSet) -> dict[str, tuple[object, ...]]:
    facts: dict[str, tuple[object, ...]] = {}
    for file in wire.file:
        for name, message in messages(file):
            facts[name] = ("message",)
            for field in message.field:
                # By number: a renamed field is as broken for JSON and for readers as a renumbered one.
                facts[f"{name}#{field.number}"] = (field.name, field.type, field.label, field.type_name)
        for enum in file.enum_type:
            facts |= {f"{file.package}.{enum.name}#{value.number}": (value.name,) for value in enum.value}
        for service in file.service:
            for method in service.method:
                streams = (method.client_streaming, method.server_streaming)
                facts[f"{file.package}.{service.name}/{method.name}"] = (
                    method.input_type,
                    method.output_type,
                    *streams,
                )
    return facts
