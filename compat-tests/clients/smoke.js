// Runs on PostgreSQL and on the gateway; the suite demands the same output from both. Arguments: connection string.
'use strict';
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const QueryStream = require('pg-query-stream');

const connectionString = process.argv[2];
const print = (name, value) => console.log(`${name}: ${JSON.stringify(value)}`);
const columns = (result) => result.fields.map((field) => [field.name, field.dataTypeID, field.dataTypeSize, field.dataTypeModifier]);

async function failure(promise) {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return { code: error.code, message: error.message, position: error.position, severity: error.severity };
  }
}

async function main() {
  const client = new Client({ connectionString });
  await client.connect();
  const rows = await client.query("SELECT 1 AS a, 'x'::text AS b, 1.50::numeric AS c, true AS d, NULL AS e, '{\"k\":[1]}'::jsonb AS f, array[1,2] AS g");
  print('simple', rows.rows);
  print('columns', columns(rows));
  print('parameters', (await client.query('SELECT $1::int + 1 AS i, $2::text AS t, $3::date::text AS d, $4::int[] AS a', [41, 'é', '2024-02-29', [1, 2]])).rows);
  print('inferred', (await client.query('SELECT x FROM generate_series(1, 5) x WHERE x > $1 AND x = ANY($2) ORDER BY x', [2, [1, 3, 5]])).rows);
  print('null parameter', (await client.query('SELECT $1::text IS NULL AS n', [null])).rows);
  for (const value of [1, 2]) print('named', (await client.query({ name: 'again', text: 'SELECT $1::int * 2 AS twice', values: [value] })).rows);
  print('binary', (await client.query({ text: 'SELECT 1::int4 AS i, 2::int8 AS l, 1.5::float8 AS f, true AS b, $1::int4 AS p', values: [7], binary: true })).rows);
  print('arrays', (await client.query({ text: 'SELECT 1, 2', rowMode: 'array' })).rows);
  print('several', (await client.query('SELECT 1 AS a; SELECT 2 AS b; SELECT 3 AS c')).map((result) => result.rows));
  print('syntax', await failure(client.query('SELEC 1')));
  print('column', await failure(client.query('SELECT nosuch FROM generate_series(1,2) x')));
  print('division', await failure(client.query('SELECT 1 / $1::int', [0])));
  print('bad parameter', await failure(client.query('SELECT $1::int', ['x'])));
  print('alive', (await client.query('SELECT 1 AS one')).rows);

  await client.query('BEGIN');
  print('in transaction', await failure(client.query('SELECT nosuch')));
  print('aborted', await failure(client.query('SELECT 1')));
  await client.query('ROLLBACK');

  await client.query('BEGIN');
  const cursor = client.query(new Cursor('SELECT x FROM generate_series(1, 10) x ORDER BY x'));
  print('cursor 1', await cursor.read(3));
  print('cursor 2', await cursor.read(4));
  print('cursor 3', await cursor.read(100));
  await cursor.close();
  await client.query('COMMIT');

  let count = 0;
  for await (const row of client.query(new QueryStream('SELECT x FROM generate_series(1, $1) x', [25000], { batchSize: 1000 }))) count += row.x;
  print('stream', count);

  const pid = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  const other = new Client({ connectionString });
  await other.connect();
  // A request that is lost must not leave the statement behind on a server.
  await client.query("SET statement_timeout = '60s'");
  const slow = failure(client.query('SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b'));
  while ((await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE 'SELECT count%'", [pid])).rows.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  print('cancelled', (await other.query('SELECT pg_cancel_backend($1) AS done', [pid])).rows);
  print('cancel', await slow);
  await other.end();

  const pool = new Pool({ connectionString, max: 4 });
  const sums = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => pool.query('SELECT sum(x)::int AS s FROM generate_series(1, $1) x', [n])));
  print('pool', sums.map((result) => result.rows[0].s));
  await pool.end();
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
