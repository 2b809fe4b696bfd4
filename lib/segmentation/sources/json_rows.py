"""JSON as a table: objects on a line each, or in one list; each field a column, nested values as JSON text."""

import glob
from pathlib import Path

import duckdb
from ibis.backends.duckdb import Backend

from segmentation.problems import DataProblem, some
from segmentation.sources.decoding import UTF8, recode, sample_encoding, whole_encoding
from segmentation.sources.headers import PROBLEM, distinct_names, quoted, require_few_columns, text_literal

LARGEST_MB = 16  # of one object


def is_json(start: bytes) -> bool:
    r"""Tell JSON objects, alone or in a list, from a file's first bytes.

    Examples
    --------
    >>> is_json(b'\n{"order": 1}'), is_json(b'[{"order": 1}]'), is_json(b"[Order],Price")
    (True, True, False)
    """
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = text.lstrip()
    inside = text[1:].lstrip()[:1]
    return (text[:1] == b"{" and inside in (b'"', b"}")) or (text[:1] == b"[" and inside in (b"{", b"["))


def open_json(connection: Backend, path: Path, *, name: str, scratch: Path) -> duckdb.DuckDBPyRelation:
    """Open JSON; the names of its fields are gathered from every object.

    Returns
    -------
    Relation, a text column a field in order of appearance, and `__problem` for lines that are no object

    Raises
    ------
    DataProblem
        There is no object in it.
    """
    encoding = sample_encoding(path) or whole_encoding(path)
    if encoding != UTF8:
        path, _ = recode(path, encoding, scratch=scratch)
    objects = open_objects(connection, path)
    fields = field_names(connection, objects)
    if not fields:
        raise DataProblem(f"Can't read {some([name])}: it must hold JSON objects, one a line or in a list.")
    require_few_columns(fields, name=name)
    columns = [
        f"json ->> {text_literal(json_path(field))} as {quoted(column)}"
        for field, column in zip(fields, distinct_names(fields), strict=True)
    ]
    problem = f"case when json_type(json) is distinct from 'OBJECT' then 'it is no JSON object' end as {PROBLEM}"
    return objects.project(", ".join([*columns, problem]))


def open_objects(connection: Backend, path: Path) -> duckdb.DuckDBPyRelation:
    """Open a file as one column, `json`; a line that is no JSON is null."""
    with path.open("rb") as file:
        is_list = file.read(1000).lstrip().startswith(b"[")
    form = "format='array'" if is_list else "format='newline_delimited', ignore_errors=true"
    file = text_literal(glob.escape(str(path)))
    size = LARGEST_MB * 2**20
    return connection.con.sql(
        f"select json from read_json_objects({file}, {form}, compression='none', maximum_object_size={size})"
    )


def field_names(connection: Backend, objects: duckdb.DuckDBPyRelation) -> list[str]:
    """List the names of all fields, by the first object that has each."""
    keys = objects.project("row_number() over () as place, unnest(json_keys(json)) as field, json")
    first = keys.aggregate("field, min(place) as place", "field").order("place, field")
    return [field for field, _ in first.limit(100_000).fetchall()]


def json_path(field: str) -> str:
    """Point to a field of an object, whatever is in its name.

    Examples
    --------
    >>> json_path('a.b "c"')
    '/a.b "c"'
    """
    return "/" + field.replace("~", "~0").replace("/", "~1")
