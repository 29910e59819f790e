"""Queries whose SQL is made once: for those that every request or deploy asks, making it takes longer than asking."""

# ruff: noqa: SLF001 - Tortoise has no public place for it; a test holds it in place

from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tortoise.connection import get_connection

T = TypeVar("T")
_STRING, _NUMBER = "\x01\x02{}", 2_000_000_000  # marks, which no query has for values, and every column could hold


class Prepared(Generic[T]):
    """A query by its arguments, of these types (`str` or `int`), each of which is one value of a condition or more.

    `make` must make the same query whatever it is given. What it makes is kept for each kind of database, and asked in
    the transaction under way, if there is one, as the query itself would be. Used on the event loop only.
    """

    def __init__(self, make: Callable[..., Awaitable[T]], *types: type[str] | type[int]) -> None:
        self._make = make
        self._marks = tuple(_STRING.format(at) if kind is str else _NUMBER + at for at, kind in enumerate(types))
        self._made: dict[str, _Made] = {}

    async def __call__(self, *arguments: str | int) -> T:
        """What the query finds; raises what Tortoise raises."""
        db = get_connection("default")
        made = self._made.get(db.capabilities.dialect)
        if made is None:
            made = self._made[db.capabilities.dialect] = self._prepared()
        given = dict(zip(self._marks, arguments, strict=True))
        query = copy(made.query)
        query._db, query.query = db, _Filled(made.sql, [given.get(value, value) for value in made.values])
        found: T = await query._execute()
        return found

    def _prepared(self) -> "_Made":
        query: Any = self._make(*self._marks)
        query._choose_db_if_not_chosen()
        query._make_query()
        query._db = None  # it is asked of another one each time
        sql, values = query.query.get_parameterized_sql()
        if missing := set(self._marks) - set(values):
            raise ValueError(f"arguments that are no values of the query: {len(missing)}")
        return _Made(query, sql, values)


@dataclass(frozen=True, slots=True)
class _Made:
    """A query of Tortoise's that has its SQL, and that with marks among its values."""

    query: Any  # what is private to Tortoise has no types; a test holds it in place
    sql: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a query of Tortoise's asks for its SQL."""

    sql: str
    values: list[Any]

    def get_parameterized_sql(self) -> tuple[str, list[Any]]:
        return self.sql, self.values
