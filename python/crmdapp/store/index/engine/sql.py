"""Reading and writing many rows at once, past SQLAlchemy's own layers.

Values are converted as the columns' types say; everything runs in the transaction of the SQLAlchemy
connection that is in use.
"""

# ruff: noqa: S608 - the names in these statements are those of the schema

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Dialect, LargeBinary, Table
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmdapp.store.index.schema import Hash

Convert = Callable[[Any], Any]


class _Plan:
    """The statements for one table and how its values are converted."""

    def __init__(self, table: Table, dialect: Dialect, mark: str) -> None:
        columns = list(table.columns)
        self.names = [column.name for column in columns]
        keys = [column.name for column in table.primary_key.columns]
        quoted = dialect.identifier_preparer.quote
        listed = ", ".join(map(quoted, self.names))
        name = quoted(table.name)
        marks = ", ".join([mark] * len(columns))
        where = " AND ".join(f"{quoted(key)} = {mark}" for key in keys)
        rest = [each for each in self.names if each not in keys]
        sets = ", ".join(f"{quoted(each)} = excluded.{quoted(each)}" for each in rest)
        action = f"DO UPDATE SET {sets}" if rest else "DO NOTHING"
        conflict = f"ON CONFLICT ({', '.join(map(quoted, keys))}) {action}"
        self.insert = f"INSERT INTO {name} ({listed}) VALUES ({marks})"
        self.upsert = f"{self.insert} {conflict}"
        self.merge = f"INSERT INTO {name} ({listed}) SELECT {listed} FROM staged {conflict}"
        self.select = f"SELECT {listed} FROM {name} WHERE {where}"
        self.delete = f"DELETE FROM {name} WHERE {where}"
        self.any = f"SELECT 1 FROM {name} LIMIT 1"
        self.copy = f"COPY {name} ({listed}) FROM STDIN"
        self.stage = (
            f"CREATE TEMP TABLE staged (LIKE {name} INCLUDING DEFAULTS) ON COMMIT DROP",
            f"COPY staged ({listed}) FROM STDIN",
        )
        binds = [_bind(column.type, dialect) for column in columns]
        self.bound = [(place, bind) for place, bind in enumerate(binds) if bind is not None]
        self.values: Callable[[dict[str, Any]], tuple[Any, ...]] = _values(self.names)
        self.results = [_result(column.type, dialect) for column in columns]
        self.key_binds = [_bind(column.type, dialect) for column in table.primary_key.columns]


class Sql:
    """Rows of tables through the driver itself.

    Args:
        is_sqlite: Whether the driver is SQLite's.
        dialect: SQLAlchemy's dialect.
    """

    def __init__(self, is_sqlite: bool, dialect: Dialect) -> None:
        self._is_sqlite = is_sqlite
        self._dialect = dialect
        self._plans: dict[Table, _Plan] = {}
        self._cursor: Any = None

    def use(self, connection: Connection) -> None:
        """Work in the transaction of a connection from now on."""
        driver: Any = connection.connection.driver_connection
        self._cursor = driver.cursor()

    def load(self, table: Table, key: Sequence[Any]) -> dict[str, Any] | None:
        """Return the row of that key; ``None`` if there is none."""
        plan = self._plan(table)
        self._cursor.execute(plan.select, _converted(plan.key_binds, key))
        found = self._cursor.fetchone()
        if found is None:
            return None
        return dict(zip(plan.names, _converted(plan.results, found), strict=True))

    def is_empty(self, table: Table) -> bool:
        """Return whether the table has no rows."""
        self._cursor.execute(self._plan(table).any)
        return self._cursor.fetchone() is None

    def values(self, table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
        """Return a row's values in the order of the table's columns, not converted."""
        return self._plan(table).values(row)

    def insert(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows given as the driver takes them, columns in order."""
        if not rows:
            return
        plan = self._plan(table)
        if self._is_sqlite:
            self._cursor.executemany(plan.insert, rows)
            return
        with self._cursor.copy(plan.copy) as copy:
            for row in rows:
                copy.write_row(row)

    def upsert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, or replace those with their keys."""
        if not rows:
            return
        plan = self._plan(table)
        values = _rows(plan, rows)
        if self._is_sqlite:
            self._cursor.executemany(plan.upsert, values)
            return
        self._cursor.execute(plan.stage[0])
        with self._cursor.copy(plan.stage[1]) as copy:
            for row in values:
                copy.write_row(row)
        self._cursor.execute(plan.merge)
        self._cursor.execute("DROP TABLE staged")

    def delete(self, table: Table, keys: Sequence[Sequence[Any]]) -> None:
        """Delete rows; those that are not there stay so."""
        if keys:
            plan = self._plan(table)
            self._cursor.executemany(plan.delete, [_converted(plan.key_binds, key) for key in keys])

    def _plan(self, table: Table) -> _Plan:
        plan = self._plans.get(table)
        if plan is None:
            mark = "?" if self._is_sqlite else "%s"
            plan = self._plans[table] = _Plan(table, self._dialect, mark)
        return plan


def _rows(plan: _Plan, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = list(map(plan.values, rows))
    if not plan.bound:
        return found
    changed: list[tuple[Any, ...]] = []
    for row in found:
        values = list(row)
        for place, convert in plan.bound:
            values[place] = convert(values[place])
        changed.append(tuple(values))
    return changed


def _values(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _converted(converts: Sequence[Convert | None], values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        [
            value if convert is None else convert(value)
            for convert, value in zip(converts, values, strict=True)
        ]
    )


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, (LargeBinary, Hash, Boolean)):
        return None  # both drivers take them as they are
    own = kind if isinstance(kind, TypeDecorator) else kind.dialect_impl(dialect)
    return own.bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, (LargeBinary, Hash)):
        return None
    own = kind if isinstance(kind, TypeDecorator) else kind.dialect_impl(dialect)
    return own.result_processor(dialect, None)
