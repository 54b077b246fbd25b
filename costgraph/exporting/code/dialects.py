"""SQL in other dialects, by sqlglot."""

from __future__ import annotations

from costgraph.errors import UserError, unknown


def dialects() -> list[str]:
    """Names of the dialects; none where sqlglot is not installed."""
    try:
        import sqlglot
    except ImportError:
        return []
    return sorted(name for name in sqlglot.Dialect.classes if name)


def transpile(text: str, dialect: str) -> str:
    """DuckDB's SQL in another dialect, with its comments.

    Raises:
        UserError: sqlglot is not installed, knows no such dialect, or can read but not write it.
    """
    try:
        import sqlglot
    except ImportError:
        raise UserError("--dialect needs sqlglot: pip install 'costgraph[sql]'") from None
    if dialect not in (known := dialects()):
        raise unknown("SQL dialect", dialect, known)
    head, _, rest = text.partition("CREATE TABLE")
    try:
        statements = sqlglot.transpile("CREATE TABLE" + rest, read="duckdb", write=dialect, pretty=True)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise UserError(f"the text of the template is no SQL that sqlglot can read: {error}") from None
    made = head + ";\n\n".join(statements) + ";\n"
    try:
        sqlglot.parse(made, read=dialect)
    except sqlglot.ParseError:
        raise UserError(f"sqlglot reads the SQL dialect '{dialect}' but cannot write it; choose another one") from None
    return made
