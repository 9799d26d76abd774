"""The rules of the wire."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

from tests.accord.wire.descriptors import PROTO, ROOT, broken_promises, carries_text, current, messages

CLASSES: dict[str, dict[str, str]] = yaml.safe_load((PROTO / "data_classes.yaml").read_text())
LEAVES = {
    "message_body", "document_content", "file_content", "call_media", "link_preview", "search_index",
    "search_snippet", "notification_payload", "file_derivative", "ai_derived", "moderation_feature",
    "profile_pii", "contact_identifier", "credential", "identifier_blind", "membership", "channel_meta",
    "workspace_meta", "federation_link", "presence", "typing", "read_state", "activity_log",
    "audit_log", "transfer_ledger", "legal_hold", "enc_key", "signing_key", "token", "backup",
    "export_bundle", "telemetry", "support_case", "billing", "none",
}  # fmt: skip
# Authority of each call inside comes with its frame: the edge's certificate, and a token by slot.
WITHOUT_CONTEXT = {"accord.wire.cell.v1.EdgeBatch"}


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"colink_proto_{name}", PROTO / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_stubs_are_what_the_contracts_generate(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="the compiler is part of the test requirements")
    _script("generate").generate(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*_pb2*.py*")}
    kept = {path.relative_to(ROOT): path.read_bytes() for path in (ROOT / "accord/wire").rglob("*_pb2*.py*")}
    kept = {path: data for path, data in kept.items() if "__pycache__" not in path.parts}
    assert sorted(made) == sorted(kept)
    assert [str(path) for path in made if made[path] != kept[path]] == []


def test_nothing_published_is_removed_renumbered_or_renamed() -> None:
    published = FileDescriptorSet.FromString((PROTO / "baseline.binpb").read_bytes())
    assert len(published.file) >= 4
    assert broken_promises(published, current()) == []


def test_everything_is_published() -> None:
    published = FileDescriptorSet.FromString((PROTO / "baseline.binpb").read_bytes())
    assert broken_promises(current(), published) == [], "run python proto/baseline.py"


@pytest.mark.parametrize("change", ["remove", "renumber", "rename", "retype", "method", "message"])
def test_the_rule_notices_every_kind_of_breach(change: str) -> None:
    broken = current()
    file = next(file for file in broken.file if file.package.endswith("cell.v1") and file.service)
    message = file.message_type[0]
    if change == "remove":
        del message.field[0]
    elif change == "renumber":
        message.field[0].number = 99
    elif change == "rename":
        message.field[0].name = "other"
    elif change == "retype":
        message.field[0].type = FieldDescriptorProto.TYPE_UINT32
    elif change == "method":
        file.service[0].method[0].name = "Other"
    else:
        del file.message_type[0]
    assert broken_promises(current(), broken)


def test_every_package_ends_in_its_version_and_equals_its_path() -> None:
    for file in current().file:
        assert file.package.endswith(".v1")
        assert file.name.rpartition("/")[0] == file.package.replace(".", "/")


def test_the_zero_of_every_enum_means_nothing() -> None:
    for file in current().file:
        for enum in file.enum_type:
            assert enum.value[0].number == 0
            assert enum.value[0].name.endswith("_UNSPECIFIED")


def test_every_text_on_the_wire_has_a_data_class_and_none_is_made_up() -> None:
    declared = {(name, field) for name, fields in CLASSES.items() for field in fields}
    found = {
        (name, field.name)
        for file in current().file
        for name, message in messages(file)
        for field in message.field
        if carries_text(message, field)
    }
    assert found - declared == set()
    assert declared - found == set()
    assert {leaf for fields in CLASSES.values() for leaf in fields.values()} <= LEAVES


def test_the_directory_is_told_no_content_and_no_readable_personal_data() -> None:
    allowed = {"none", "workspace_meta", "identifier_blind", "transfer_ledger"}
    for name, fields in CLASSES.items():
        if name.startswith("accord.wire.directory."):
            # Of officers, who are no users, a made-up name and a secret that is good once.
            own = {"credential", "token"} if ".InviteOfficer" in name else set()
            assert set(fields.values()) <= allowed | own, name


def test_every_request_says_who_asks() -> None:
    for file in current().file:
        known = {f".{name}": message for name, message in messages(file)}
        for service in file.service:
            for method in service.method:
                request = known[method.input_type]
                types = {field.type_name for field in request.field if field.name == "context"}
                named = types == {".accord.wire.common.v1.RequestContext"}
                assert named or method.input_type.lstrip(".") in WITHOUT_CONTEXT, method.input_type
