// Kysely on the database of compat-tests/attached: introspection and queries. What it prints must not depend on the server.
'use strict';
const { Pool } = require('pg');
const { Kysely, PostgresDialect, sql } = require('kysely');

async function main() {
  const database = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: process.argv[2], max: 2 }) }) });
  const schemas = (await database.introspection.getSchemas()).map(schema => schema.name).filter(name => ['public', 'sales', 'Hr'].includes(name)).sort();
  console.log('schemas', schemas);
  const tables = await database.introspection.getTables();
  for (const table of tables.filter(table => schemas.includes(table.schema) && table.name !== 'doms').sort((a, b) => `${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1))
    console.log('table', table.schema, table.name, table.isView, table.columns.map(column => `${column.name} ${column.dataType}`).join(', '));
  for (const table of tables.filter(table => table.schema === 'keyed').sort((a, b) => a.name < b.name ? -1 : 1))
    console.log('keyed', table.name, table.isView, table.columns.map(column => [column.name, column.isNullable, column.hasDefaultValue, column.isAutoIncrementing, column.comment ?? null].join(' ')).join(', '));
  console.log('rows', await database.selectFrom('en2').selectAll().where('n', '>', 10).orderBy('n').execute());
  console.log('join', await database.selectFrom('en').innerJoin('en2', 'en2.m', 'en.m').select(['en.id', 'en2.n']).orderBy('en.id').orderBy('en2.n').execute());
  console.log('count', await database.selectFrom('en').select(({ fn }) => [fn.countAll().as('c'), fn.max('id').as('most')]).execute());
  await database.transaction().setIsolationLevel('serializable').execute(async transaction =>
    console.log('transaction', (await sql`SHOW transaction_isolation`.execute(transaction)).rows));
  let sum = 0;
  for (const row of (await sql`SELECT i FROM generate_series(1, 100) AS s(i)`.execute(database)).rows) sum += row.i;
  console.log('sum', sum);
  await database.destroy();
}

main().catch(error => { console.log('failed', error.message); process.exit(1); });
