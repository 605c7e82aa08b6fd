// TypeORM on the database of compat-tests/attached: what its schema builder and repositories ask. What it prints must not depend on the server.
'use strict';
require('reflect-metadata');
const { DataSource, EntitySchema } = require('typeorm');

const En2 = new EntitySchema({ name: 'En2', tableName: 'en2', columns: { n: { type: 'int', primary: true }, m: { type: 'varchar', nullable: true } } });

async function main() {
  const source = new DataSource({ type: 'postgres', url: process.argv[2], entities: [En2], synchronize: false, logging: false, installExtensions: false });
  await source.initialize();
  const runner = source.createQueryRunner();
  console.log('schema', await runner.getCurrentSchema(), await runner.getCurrentDatabase() !== '');
  console.log('has', await runner.hasTable('en'), await runner.hasTable('sales.orders'), await runner.hasTable('nosuch'), await runner.hasColumn('sales.orders', 'amount'), await runner.hasSchema('sales'));
  for (const name of ['sales.orders', 'en2', 'Hr.Employee']) {
    const table = await runner.getTable(name);
    console.log('table', table.name, table.columns.map(column => [column.name, column.type, column.precision ?? null, column.scale ?? null]));
  }
  for (const name of ['keyed.customer', 'keyed.purchase', 'keyed.swapped', 'keyed.measures']) {
    const table = await runner.getTable(name);
    const sorted = (items, of) => items.map(of).map(item => JSON.stringify(item)).sort();
    console.log('keyed', table.name, table.comment ?? null);
    console.log('  columns', sorted(table.columns, column => [column.name, column.isPrimary, column.isNullable, column.isGenerated, column.generationStrategy ?? null, column.default ?? null, column.comment ?? null]));
    console.log('  keys', sorted(table.foreignKeys, key => [key.name, key.columnNames, key.referencedTableName, key.referencedColumnNames, key.onDelete, key.onUpdate, key.deferrable ?? null]));
    console.log('  unique', sorted(table.uniques, unique => [unique.name, unique.columnNames]), sorted(table.checks, check => [check.name, check.expression]));
    console.log('  indexes', sorted(table.indices, index => [index.name, index.columnNames, index.isUnique, index.where ?? null]));
  }
  const repository = source.getRepository(En2);
  console.log('rows', await repository.find({ order: { n: 'ASC' } }));
  console.log('count', await repository.count());
  console.log('builder', await repository.createQueryBuilder('e').where('e.n > :least', { least: 10 }).orderBy('e.n').getMany());
  await source.transaction('SERIALIZABLE', async manager => console.log('transaction', await manager.query('SHOW transaction_isolation')));
  await runner.release();
  await source.destroy();
}

main().catch(error => { console.log('failed', error.message); process.exit(1); });
