"""Files of keys are taken as a whole or not at all."""

from pathlib import Path

import pytest

from accord.runtime.key_files import KEYS_MAX, KeyFile, format_keys, parse_keys

ONE, TWO = b"\x01" * 32, b"\x02" * 32
MANY = [bytes([number]) * 32 for number in range(KEYS_MAX + 1)]


def test_what_was_written_is_read_in_its_order() -> None:
    assert parse_keys(format_keys([TWO, ONE])) == (TWO, ONE)
    assert parse_keys(ONE.hex().encode()) == (ONE,)


WRONG = [
    b"", b"\n", b"00", ONE.hex().upper().encode().replace(b"0", b"A"), ONE.hex().encode() + b" ",
    format_keys([ONE]) + b"\r\n" + TWO.hex().encode(), format_keys([ONE, ONE]), format_keys(MANY),
    format_keys([ONE]) + b"\n" + format_keys([TWO]), b"\x00" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("data", WRONG, ids=range(len(WRONG)))
def test_a_file_that_is_not_one_of_keys_is_refused_and_repeats_nothing(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"64 hex digits|a key twice") as refused:
        parse_keys(data)
    assert ONE.hex() not in str(refused.value)


def test_a_process_takes_a_whole_file_and_keeps_what_it_has_otherwise(tmp_path: Path) -> None:
    taken: list[tuple[bytes, ...]] = []
    counted: list[tuple[str, str]] = []
    path = tmp_path / "keys"
    file = KeyFile(path, "sealing", [ONE], taken.append, lambda *told: counted.append(told))
    file.look()
    path.write_bytes(format_keys([TWO])[:50])
    file.look()
    file.look()
    assert taken == []
    path.write_bytes(format_keys([ONE]))
    file.look()
    assert taken == []
    path.write_bytes(format_keys([TWO, ONE]))
    file.look()
    file.look()
    assert taken == [(TWO, ONE)]
    # A file that is gone, and one that is torn, are each told once.
    assert counted == [("sealing", "refused")] * 2 + [("sealing", "taken")]
