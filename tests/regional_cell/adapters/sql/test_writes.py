"""Coalesced changes leave the rows that the changes one by one would leave."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.sql.database import connect
from regional_cell.adapters.sql.schema_version import migrate
from regional_cell.adapters.sql.tables import VIEW_TABLES
from regional_cell.adapters.sql.writes import write_changes
from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Remove, Row
from regional_cell.domain.views.registry import VIEWS
from regional_cell.services.rebuild import fold
from tests.regional_cell.stores import CELL_KEY, T1, sql_url

VIEW = "files"
columns = st.fixed_dictionaries(
    {},
    optional={
        "user": st.sampled_from(["a", "b"]),
        "bytes": st.integers(-9, 9),
        "created_s": st.none() | st.integers(-9, 9),
        "content": st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9), max_size=2),
    },
)
keys = st.sampled_from([("F1",), ("F2",)])
changes = st.lists(
    st.one_of(
        st.builds(Put, st.just(VIEW), keys, columns),
        st.builds(Patch, st.just(VIEW), keys, columns.filter(bool)),
        st.builds(Add, st.just(VIEW), keys, st.sampled_from(["bytes", "created_s"]), st.integers(-9, 9)),
        st.builds(Remove, st.just(VIEW), keys),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(changes, min_size=1, max_size=3))
def test_a_batch_leaves_what_its_changes_leave_one_by_one(
    tmp_path: Path, batches: list[list[Change]]
) -> None:
    if not (tmp_path / "cell.db").exists():
        migrate(sql_url(tmp_path))
    sealer = LocalSealer(CellKeys(CELL_KEY))
    sealer.new_key(T1)
    wanted: dict[str, dict[Key, Row]] = {VIEW: {}}
    connection = connect(tmp_path / "cell.db")
    connection.execute("BEGIN")
    for batch in batches:
        write_changes(connection, sealer, [(T1, batch)])
        fold(wanted, batch)
    names = list(VIEWS[VIEW].columns)
    found = {}
    for key, *values in connection.execute(f"SELECT file, {', '.join(names)} FROM {VIEW}").fetchall():  # noqa: S608
        row = dict(zip(names, values, strict=True))
        if row["content"] is not None:
            row["content"] = sealer.open_content(T1, VIEW, (key,), row["content"])
        found[(key,)] = row
    connection.execute("ROLLBACK")
    connection.close()
    empty = dict.fromkeys(names)
    assert found == {key: {**empty, **row} for key, row in wanted[VIEW].items()}
    assert VIEW in VIEW_TABLES
