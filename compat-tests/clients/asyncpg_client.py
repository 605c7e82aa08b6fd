"""asyncpg on the database of compat-tests/attached: start-up, types, prepared statements, cursors, transactions. What it prints must not depend on the server."""
import asyncio
import sys

import asyncpg


async def main(host, port, user, database):
    connection = await asyncpg.connect(host=host, port=port, user=user, database=database)
    settings = connection.get_settings()
    print("settings", settings.client_encoding, settings.server_encoding, settings.is_superuser if hasattr(settings, "is_superuser") else "")
    print("schema", await connection.fetchval("SELECT current_schema()"), await connection.fetchval("SELECT current_schemas(true)"))
    for row in await connection.fetch("SELECT id, m, o, ms FROM en ORDER BY id"):
        print("enum", dict(row))
    for row in await connection.fetch("SELECT id, n, ts FROM odd WHERE id <> 2 ORDER BY id"):
        print("row", dict(row))
    for row in await connection.fetch("SELECT s, ss FROM wide.spots ORDER BY id"):
        print("composite", dict(row))
    for row in await connection.fetch("SELECT m, t, l FROM wide.grids ORDER BY id"):
        print("grid", dict(row))
    for row in await connection.fetch("SELECT id, home, mail FROM keyed.customer ORDER BY id"):
        print("customer", dict(row))
    statement = await connection.prepare("SELECT $1::int + 1 AS next, $2::text || '!' AS shout, $3::int[] AS items")
    print("parameters", [parameter.name for parameter in statement.get_parameters()])
    print("attributes", [(attribute.name, attribute.type.name) for attribute in statement.get_attributes()])
    print("prepared", dict(await statement.fetchrow(41, "hello", [1, None, 3])))
    print("regclass", await connection.fetchval("SELECT $1::regclass::text", "sales.orders"))
    print("oid", await connection.fetchval("SELECT 'en'::regclass::oid = (SELECT oid FROM pg_class WHERE relname = 'en')"))
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        print("isolation", await connection.fetchval("SHOW transaction_isolation"), await connection.fetchval("SHOW transaction_read_only"))
        cursor = await connection.cursor("SELECT i FROM generate_series(1, 100) AS s(i)")
        print("cursor", [record["i"] for record in await cursor.fetch(3)])
        print("cursor", [record["i"] for record in await cursor.fetch(2)])
        total = 0
        async for record in connection.cursor("SELECT i FROM generate_series(1, 250) AS s(i)", prefetch=60):
            total += record["i"]
        print("iterated", total)
    for text in ("SELECT 'nosuch'::regclass", "SELECT has_table_privilege('nosuch', 'select')", "SELECT 1/0"):
        try:
            await connection.fetch(text)
        except asyncpg.PostgresError as error:
            print("error", error.sqlstate, error.message)
    await connection.reset()
    await connection.close()
    pool = await asyncpg.create_pool(host=host, port=port, user=user, database=database, min_size=2, max_size=4)
    print("pool", await asyncio.gather(*(pool.fetchval("SELECT $1::int * 2", i) for i in range(8))))
    await pool.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
