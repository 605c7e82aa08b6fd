"""SQLAlchemy and pandas on the database of compat-tests/attached: inspection, reflection, tables as frames. What it prints must not depend on the server."""
import sys
import warnings

import pandas
from sqlalchemy import MetaData, Table, create_engine, inspect, select, text

warnings.simplefilter("ignore")
engine = create_engine(f"postgresql+psycopg2://{sys.argv[3]}@{sys.argv[1]}:{sys.argv[2]}/{sys.argv[4]}")
inspector = inspect(engine)
print("default schema", inspector.default_schema_name)
print("schemas", sorted(name for name in inspector.get_schema_names() if name in ("public", "sales", "Hr", "information_schema")))
print("tables", sorted(inspector.get_table_names()))
print("tables of sales", sorted(inspector.get_table_names(schema="sales")), sorted(inspector.get_table_names(schema="Hr")))
print("views", sorted(inspector.get_view_names()))
print("has table", inspector.has_table("en"), inspector.has_table("orders"), inspector.has_table("orders", schema="sales"), inspector.has_table("nosuch"))
for schema, table in ((None, "en"), (None, "coll"), ("sales", "orders"), ("Hr", "Employee"), (None, "gone")):
    print("columns of", table)
    for column in inspector.get_columns(table, schema=schema):
        print(" ", column["name"], repr(column["type"]), "" if table in ("en", "orders") else column["nullable"])
by_name = lambda items: sorted(items, key=lambda item: item["name"] or "")
print("tables of keyed", sorted(inspector.get_table_names(schema="keyed")), sorted(inspector.get_view_names(schema="keyed")), sorted(inspector.get_sequence_names(schema="keyed")))
print("enums of keyed", inspector.get_enums(schema="keyed"))
for table in ("customer", "purchase", "line", "swapped", "measures", "below"):
    print("keys of", table, inspector.get_pk_constraint(table, schema="keyed"), by_name(inspector.get_foreign_keys(table, schema="keyed")))
    print("  indexes", by_name(inspector.get_indexes(table, schema="keyed")), by_name(inspector.get_unique_constraints(table, schema="keyed")))
    print("  checks", by_name(inspector.get_check_constraints(table, schema="keyed")), inspector.get_table_comment(table, schema="keyed"))
    for column in inspector.get_columns(table, schema="keyed"):
        print(" ", {key: repr(value) if key == "type" else value for key, value in column.items()})
print("view", inspector.get_view_definition("totals", schema="keyed"))
keyed = MetaData()
keyed.reflect(bind=engine, schema="keyed")
for name, table in sorted(keyed.tables.items()):
    print("reflected", name, [(column.name, column.primary_key, [str(key.target_fullname) for key in column.foreign_keys]) for column in table.columns])
metadata = MetaData()
orders = Table("orders", metadata, schema="sales", autoload_with=engine)
print("reflected", [column.name for column in orders.columns])
whole = MetaData()
whole.reflect(bind=engine, only=["en2", "par"])
print("reflected", sorted(whole.tables))
with engine.connect() as connection:
    en2 = whole.tables["en2"]
    print("rows", sorted(connection.execute(select(en2.c.n).where(en2.c.n > 10)).scalars()))
    print("scalar", connection.execute(text("SELECT 'sales.orders'::regclass::text, current_schema()")).fetchall())
    print("streamed", sum(row[0] for row in connection.execution_options(stream_results=True).execute(text("SELECT i FROM generate_series(1, 1000) AS s(i)"))))
print(pandas.read_sql_table("en2", engine).sort_values("n", na_position="last").to_string())
print(pandas.read_sql_table("orders", engine, schema="sales").dtypes.to_string())
print(pandas.read_sql_query(text("SELECT m, count(*) AS c FROM en GROUP BY m ORDER BY m"), engine).to_string())
