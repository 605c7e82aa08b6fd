// Flight SQL through gRPC for JavaScript, apache-arrow and the Rust client's Node binding, against the gateway; answers are compared with those of the PostgreSQL protocol.
// Usage: node smoke.js HOST FLIGHT_PORT POSTGRES_URL. Prints one line per check and ends with 1 if any failed.
'use strict';
const assert = require('assert');
const arrow = require('apache-arrow');
const pg = require('pg');
const rust = require('@lakehouse-rs/flight-sql-client-linux-x64-gnu');
const { Client, pack, unpack, type, encode, all } = require('./client');

const [host, port, url] = process.argv.slice(2);
const address = `${host}:${port}`;
const checks = [];
const check = (name, run) => checks.push([name, run]);
const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('no error was raised');
};
const plain = (value) => (value === null || value === undefined ? null
  : typeof value === 'bigint' ? Number(value)
  : value instanceof Uint8Array ? Buffer.from(value).toString('hex')
  : value && typeof value.toArray === 'function' ? [...value].map(plain)
  : value && typeof value.toJSON === 'function' && !(value instanceof Date) ? plain(value.toJSON())
  : value);

let client;
let postgres;

/** Rows of both protocols as text: PostgreSQL's own, and Arrow's cast by the server. */
async function compare(query) {
  const expected = (await postgres.query({ text: query, rowMode: 'array' })).rows;
  const result = await client.query(query);
  assert.deepStrictEqual(result.rows.map((row) => Object.values(row).map(plain)), expected.map((row) => row.map(plain)), query);
  return result;
}

check('rows equal those of the PostgreSQL protocol', async () => {
  pg.types.setTypeParser(20, Number);
  await compare('SELECT x, x::int8 * 1000000 AS big, x % 2 = 0 AS even, \'row \' || x AS text, CASE WHEN x % 3 = 0 THEN NULL ELSE x::float8 / 4 END AS part FROM generate_series(1, 5000) x ORDER BY x');
  await compare('SELECT 1 AS one, NULL::text AS nothing, \'é€\' AS text, ARRAY[1, NULL, 3] AS list');
  await compare('SELECT 1 WHERE false');
  await compare("SELECT x::int2 AS s, repeat('x', x) AS r FROM generate_series(0, 40) x ORDER BY 1");
});

check('every type has its Arrow type and its value', async () => {
  const { schema, rows } = await client.query(`SELECT true AS b, 1::int2 AS i2, 2::int4 AS i4, 3::int8 AS i8, 1.5::float4 AS f4, 2.5::float8 AS f8, 12.30::numeric(10,2) AS d, 'a'::text AS t, 'b'::varchar(5) AS v,
    '\\x0102'::bytea AS by, '2024-02-29'::date AS da, '12:34:56.789'::time AS ti, '2024-02-29 12:34:56.789'::timestamp AS ts, '2024-02-29 12:34:56.789+00'::timestamptz AS tz,
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, '{"a": 1}'::jsonb AS j, '1 mon 2 days 00:00:03'::interval AS iv, ARRAY['x','y'] AS l, 5::oid AS o, '(1,2)'::point AS p`);
  const types = Object.fromEntries(schema.fields.map((field) => [field.name, String(field.type)]));
  assert.deepStrictEqual(types, {
    b: 'Bool', i2: 'Int16', i4: 'Int32', i8: 'Int64', f4: 'Float32', f8: 'Float64', d: 'Decimal[10e+2]', t: 'Utf8', v: 'Utf8', by: 'Binary', da: 'Date32<DAY>', ti: 'Time64<MICROSECOND>', ts: 'Timestamp<MICROSECOND>',
    tz: 'Timestamp<MICROSECOND, UTC>', u: 'FixedSizeBinary[16]', j: 'Utf8', iv: 'Interval<MONTH_DAY_NANO>', l: 'List<Utf8>', o: 'Int64', p: 'Utf8',
  });
  const row = rows[0];
  assert.strictEqual(plain(row.u), 'a0eebc999c0b4ef8bb6d6bb9bd380a11');
  assert.strictEqual(plain(row.by), '0102');
  assert.strictEqual(row.j, '{"a": 1}');
  assert.strictEqual(Number(row.ts), Date.UTC(2024, 1, 29, 12, 34, 56, 789));
  assert.strictEqual(Number(row.da), Date.UTC(2024, 1, 29));
  assert.strictEqual(Number(row.ti), 45296789000);
  assert.deepStrictEqual(plain(row.l), ['x', 'y']);
  assert.strictEqual(BigInt(row.d[0]), 1230n);
  assert.strictEqual(schema.fields[8].metadata.get('federation:type'), 'varchar');
});

check('the schema comes before the query runs', async () => {
  const info = await client.info(pack('CommandStatementQuery', { query: 'SELECT 1 / (x - x) AS z FROM generate_series(1, 3) x' }));
  assert.strictEqual(info.endpoint.length, 1);
  const error = await failure(all(client.get(info.endpoint[0].ticket.ticket)));
  assert.strictEqual(error.metadata.get('sqlstate')[0], '22012');
});

check('errors have codes, SQLSTATEs and messages', async () => {
  for (const [query, code, state, text] of [
    ['SELECT nosuch', 3, '42703', 'column "nosuch" does not exist'], ['SELEC 1', 3, '42601', 'syntax error at or near "SELEC"'], ['SELECT * FROM nosuch', 5, '42P01', 'relation "nosuch" does not exist'],
    ['SELECT 1; SELECT 2', 3, '42601', 'cannot insert multiple commands into a prepared statement'], ["SELECT 'x'::int", 3, '22P02', 'invalid input syntax for type integer: "x"'],
  ]) {
    const error = await failure(client.query(query));
    assert.strictEqual(error.code, code, query);
    assert.strictEqual(error.metadata.get('sqlstate')[0], state, query);
    assert.ok(error.details.startsWith(text), error.details);
  }
});

check('large results arrive whole', async () => {
  const { rows } = await client.query("SELECT x, 'some text that is long enough ' || x AS t FROM generate_series(1, 300000) x");
  assert.strictEqual(rows.length, 300000);
  assert.strictEqual(new Set(rows.map((row) => row.t)).size, 300000);
});

check('prepared statements take rows of parameters', async () => {
  const statement = await client.prepare('SELECT $1::int4 * 2 AS twice, $2::text AS t, $3::numeric AS n');
  assert.deepStrictEqual(statement.parameters.map((field) => field.split(' ')[0]), ['$1', '$2', '$3']);
  assert.deepStrictEqual(statement.columns.map((field) => field.split(' ')[0]), ['twice', 't', 'n']);
  const command = pack('CommandPreparedStatementQuery', { preparedStatementHandle: statement.handle });
  const table = new arrow.Table({ a: arrow.vectorFromArray([21, 5, null], new arrow.Int32()), b: arrow.vectorFromArray(['x', null, 'é'], new arrow.Utf8()), c: arrow.vectorFromArray([1.5, 2.25, 3], new arrow.Float64()) });
  await client.put(command, table);
  assert.deepStrictEqual((await client.fetch(command)).rows, [{ twice: 42, t: 'x', n: '1.5' }, { twice: 10, t: null, n: '2.25' }, { twice: null, t: 'é', n: '3' }]);
  // Dictionaries and other widths are parameters too.
  await client.put(command, arrow.tableFromArrays({ a: Float64Array.from([7]), b: ['dictionary'], c: Int32Array.from([4]) }));
  assert.deepStrictEqual((await client.fetch(command)).rows, [{ twice: 14, t: 'dictionary', n: '4' }]);
  await client.put(command, arrow.tableFromArrays({ a: ['no number'], b: ['x'], c: ['1'] })).then(() => assert.fail('no error'), (error) => assert.strictEqual(error.metadata.get('sqlstate')[0], '22P02'));
  await client.action('ClosePreparedStatement', pack('ActionClosePreparedStatementRequest', { preparedStatementHandle: statement.handle }));
  assert.strictEqual((await failure(client.fetch(command))).metadata.get('sqlstate')[0], '26000');
});

check('updates answer with their count, and settings stay', async () => {
  assert.strictEqual(await client.update("SET application_name = 'flight'"), 0);
  assert.strictEqual((await client.query('SHOW application_name')).rows[0].application_name, 'flight');
  assert.strictEqual(await client.update('SELECT x FROM generate_series(1, 7) x'), 7);
  const statement = await client.prepare('SELECT $1::int4');
  const results = await client.put(pack('CommandPreparedStatementUpdate', { preparedStatementHandle: statement.handle }), new arrow.Table({ a: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()) }));
  assert.strictEqual(results.length, 1);
});

check('statements of one session run at once', async () => {
  const [first, second] = await Promise.all([client.query('SELECT count(*) AS n FROM generate_series(1, 100000) x'), client.query("SELECT pg_sleep(0.2), current_setting('application_name') AS name")]);
  assert.strictEqual(Number(first.rows[0].n), 100000);
  assert.strictEqual(second.rows[0].name, 'flight');
});

check('transactions keep their state', async () => {
  const transaction = await client.begin();
  assert.strictEqual((await client.query('SELECT 1 AS x', transaction)).rows[0].x, 1);
  await client.update("SET LOCAL application_name = 'within'", transaction);
  assert.strictEqual((await client.query('SHOW application_name', transaction)).rows[0].application_name, 'within');
  assert.strictEqual((await client.query('SHOW application_name')).rows[0].application_name, 'flight');
  const [body] = await client.action('BeginSavepoint', pack('ActionBeginSavepointRequest', { transactionId: transaction, name: 's' }));
  const savepoint = unpack('ActionBeginSavepointResult', body).savepointId;
  assert.strictEqual((await failure(client.query('SELECT nosuch', transaction))).metadata.get('sqlstate')[0], '42703');
  assert.strictEqual((await failure(client.query('SELECT 1', transaction))).metadata.get('sqlstate')[0], '25P02');
  await client.action('EndSavepoint', pack('ActionEndSavepointRequest', { savepointId: savepoint, action: 2 }));
  assert.strictEqual((await client.query('SELECT 2 AS x', transaction)).rows[0].x, 2);
  await client.end(transaction, true);
  assert.strictEqual((await failure(client.query('SELECT 1', transaction))).metadata.get('sqlstate')[0], '25P01');
  const failed = await client.begin();
  await failure(client.query('SELECT nosuch', failed));
  assert.strictEqual((await failure(client.end(failed, true))).metadata.get('sqlstate')[0], '25P02');
});

check('metadata', async () => {
  const catalogs = (await client.fetch(pack('CommandGetCatalogs', {}))).rows.map((row) => row.catalog_name);
  assert.ok(catalogs.includes('federation'), catalogs.join());
  const schemas = (await client.fetch(pack('CommandGetDbSchemas', { catalog: 'federation', dbSchemaFilterPattern: 'information%' }))).rows;
  assert.deepStrictEqual(schemas, [{ catalog_name: 'federation', db_schema_name: 'information_schema' }]);
  assert.deepStrictEqual((await client.fetch(pack('CommandGetTableTypes', {}))).rows.map((row) => row.table_type), ['TABLE', 'VIEW']);
  const expected = (await postgres.query('SELECT count(*) AS n FROM information_schema.tables')).rows[0].n;
  const tables = (await client.fetch(pack('CommandGetTables', {}))).rows;
  assert.strictEqual(tables.length, Number(expected));
  const withSchema = (await client.fetch(pack('CommandGetTables', { includeSchema: true, tableTypes: ['TABLE', 'VIEW'] }))).rows;
  for (const row of withSchema) {
    const reader = arrow.RecordBatchReader.from(Buffer.concat([row.table_schema, Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])])).open();
    const columns = (await postgres.query('SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position', [row.db_schema_name, row.table_name])).rows;
    assert.deepStrictEqual(reader.schema.fields.map((field) => field.name), columns.map((column) => column.column_name), row.table_name);
  }
  assert.deepStrictEqual((await client.fetch(pack('CommandGetPrimaryKeys', { table: 'x' }))).names, ['catalog_name', 'db_schema_name', 'table_name', 'column_name', 'key_name', 'key_sequence']);
  const keys = await client.fetch(pack('CommandGetImportedKeys', { table: 'x' }));
  assert.strictEqual(String(keys.schema.fields[11].type), 'Uint8');
  const types = (await client.fetch(pack('CommandGetXdbcTypeInfo', { dataType: 4 }))).rows;
  assert.deepStrictEqual(types.map((row) => row.type_name), ['integer']);
  const info = (await client.fetch(pack('CommandGetSqlInfo', { info: [0, 4, 8, 504, 508] })));
  assert.deepStrictEqual(info.rows.slice(0, 4).map((row) => [row.info_name, row.value]), [[0, 'Federation'], [4, true], [8, 2], [504, '"']]);
  assert.ok([...info.rows[4].value].includes('lateral'));
});

check('session options', async () => {
  const set = encode(type('SetSessionOptionsRequest'), { sessionOptions: { statement_timeout: { stringValue: '5s' }, nosuch: { stringValue: 'x' }, schema: { stringValue: 'public' } } });
  const result = type('SetSessionOptionsResult').decode((await client.action('SetSessionOptions', set))[0]);
  assert.deepStrictEqual(Object.keys(result.errors), ['nosuch']);
  const options = type('GetSessionOptionsResult').decode((await client.action('GetSessionOptions', Buffer.alloc(0)))[0]).sessionOptions;
  assert.strictEqual(options.catalog.stringValue, 'federation');
  assert.strictEqual(options.statement_timeout.stringValue, '5000');
  await client.update('RESET statement_timeout');
});

check('a running query is cancelled', async () => {
  const info = await client.info(pack('CommandStatementQuery', { query: 'SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b' }));
  const running = failure(all(client.get(info.endpoint[0].ticket.ticket)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const request = encode(type('CancelFlightInfoRequest'), { info: type('FlightInfo').toObject(info) });
  const [body] = await client.action('CancelFlightInfo', request);
  assert.strictEqual(type('CancelFlightInfoResult').decode(body).status, 2);
  assert.strictEqual((await running).metadata.get('sqlstate')[0], '57014');
  // The client's own cancel resets the stream.
  const again = await client.info(pack('CommandStatementQuery', { query: 'SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b' }));
  const stream = client.get(again.endpoint[0].ticket.ticket);
  setTimeout(() => stream.cancel(), 200);
  assert.strictEqual((await failure(all(stream))).code, 1);
  assert.strictEqual((await client.query('SELECT 1 AS alive')).rows[0].alive, 1);
});

check('a session ends when it is closed', async () => {
  const other = new Client(address);
  await other.logIn('someone', '');
  assert.strictEqual((await other.query('SELECT current_user::text AS name')).rows[0].name, 'someone');
  await other.action('CloseSession', Buffer.alloc(0));
  assert.strictEqual((await failure(other.query('SELECT 1'))).code, 16);
  other.headers.authorization = 'Bearer nonsense';
  assert.strictEqual((await failure(other.query('SELECT 1'))).code, 16);
  other.close();
  const unknown = new Client(address, { database: 'nosuch' });
  assert.strictEqual((await failure(unknown.query('SELECT 1'))).metadata.get('sqlstate')[0], '3D000');
  unknown.close();
});

check('the Rust client', async () => {
  const flight = await rust.createFlightSqlClient({ username: 'rust', password: '', tls: false, host, port: Number(port), headers: [] });
  const rows = (buffer) => arrow.tableFromIPC(buffer).toArray().map((row) => row.toJSON());
  assert.deepStrictEqual(rows(await flight.query("SELECT x, 'row ' || x AS t, current_user::text AS u FROM generate_series(1, 3) x ORDER BY x")),
    [1, 2, 3].map((x) => ({ x, t: `row ${x}`, u: 'rust' })));
  assert.strictEqual(rows(await flight.query('SELECT x FROM generate_series(1, 100000) x')).length, 100000);
  assert.ok(rows(await flight.getCatalogs()).some((row) => row.catalog_name === 'federation'));
  assert.ok(rows(await flight.getDbSchemas({ catalog: 'federation' })).length >= 2);
  await flight.getTables({ includeSchema: true, tableTypes: ['TABLE'] });
  // The binding keeps the server's message to itself.
  await failure(flight.query('SELECT nosuch'));
});

(async () => {
  postgres = new pg.Client({ connectionString: url });
  await postgres.connect();
  client = new Client(address);
  await client.logIn('federation', '');
  let failed = 0;
  for (const [name, run] of checks) {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAILED ${name}: ${error.stack}`);
    }
  }
  client.close();
  await postgres.end();
  console.log(`${checks.length - failed} of ${checks.length} checks passed`);
  process.exit(failed === 0 ? 0 : 1);
})();
