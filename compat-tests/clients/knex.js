// Knex on a schema of its own: schema builder, rows, joins, transactions, columnInfo. What it prints must not depend on the server.
'use strict';
const knex = require('knex');

async function main() {
  const database = knex({ client: 'pg', connection: process.argv[2], pool: { min: 0, max: 2 } });
  await database.raw('DROP SCHEMA IF EXISTS by_knex CASCADE');
  await database.schema.createSchema('by_knex');
  const schema = database.schema.withSchema('by_knex');
  await schema.createTable('authors', table => {
    table.integer('id').primary();
    table.string('name', 100).notNullable();
    table.date('born');
    table.decimal('rating', 6, 2).defaultTo(1.5);
    table.timestamp('seen', { useTz: true });
  });
  await database.schema.withSchema('by_knex').createTable('books', table => {
    table.bigInteger('id').primary();
    table.text('title').unique();
    table.boolean('in_print').notNullable().defaultTo(true);
    table.integer('author_id');
    table.double('price');
  });
  const authors = () => database.withSchema('by_knex').from('authors'), books = () => database.withSchema('by_knex').from('books');
  console.log('inserted', await authors().insert([{ id: 1, name: 'Ann', born: '1970-05-01' }, { id: 2, name: "O'Neil", rating: 3.25 }, { id: 3, name: 'Zoë' }]).returning(['id', 'rating']));
  await books().insert([{ id: 10, title: 'First', author_id: 1, price: 1.25 }, { id: 11, title: 'Second', author_id: 1, in_print: false }, { id: 12, title: 'Third', author_id: 2 }]);
  console.log('updated', await authors().where('name', 'like', 'O%').update({ rating: 9.75, seen: '2024-02-29T12:00:00Z' }), await authors().where({ id: 2 }).select('seen', 'rating'));
  console.log('increment', await authors().where({ id: 3 }).increment('rating', 2).returning('rating'));
  console.log('merged', await authors().insert({ id: 3, name: 'Zoe', rating: 4 }).onConflict('id').merge().returning('*'));
  console.log('ignored', await authors().insert({ id: 3, name: 'Nobody' }).onConflict('id').ignore().returning('id'));
  console.log('joined', await books().join('authors', 'authors.id', 'books.author_id').select('books.title', 'authors.name').orderBy('books.id'));
  console.log('left', await authors().leftJoin('books', join => join.on('authors.id', 'books.author_id').andOnVal('books.in_print', true)).select('authors.id', 'title').orderBy(['authors.id', 'title']));
  console.log('grouped', await books().groupBy('author_id').count('* as books').max('price as most').select('author_id').orderBy('author_id'));
  console.log('having', await books().groupBy('author_id').havingRaw('count(*) > ?', [1]).select('author_id'));
  console.log('in', await authors().whereIn('id', books().select('author_id')).orderBy('id').pluck('name'));
  console.log('with', await database.with('most', books().max('id as id')).from('most').select('id'));
  console.log('first', await authors().orderBy('id', 'desc').first('id', 'name'));
  console.log('paged', await authors().orderBy('id').limit(1).offset(1).select('id'));
  await database.transaction(async transaction => {
    await transaction.withSchema('by_knex').from('authors').insert({ id: 4, name: 'Kept' });
    await transaction.transaction(async inner => {
      await inner.withSchema('by_knex').from('authors').insert({ id: 5, name: 'Lost' });
      throw new Error('rolled back to the savepoint');
    }).catch(error => console.log('savepoint', error.message));
  });
  const open = await database.transaction({ isolationLevel: 'repeatable read' });
  await open.withSchema('by_knex').from('authors').where({ id: 3 }).del();
  await open.rollback();
  console.log('names', await authors().orderBy('id').pluck('name'));
  for (const wrong of [() => authors().insert({ id: 1, name: 'Twice' }), () => books().insert({ id: 13, title: 'First' }), () => authors().insert({ id: 9 }), () => authors().select('nothing')])
    await wrong().catch(error => console.log('refused', error.code, error.schema ?? null, error.table ?? null, error.constraint ?? null, error.column ?? null, error.detail ?? null));
  console.log('authors', await authors().columnInfo());
  console.log('books', await books().columnInfo());
  console.log('has', await database.schema.withSchema('by_knex').hasTable('books'), await database.schema.withSchema('by_knex').hasTable('none'), await database.schema.withSchema('by_knex').hasColumn('books', 'price'));
  await database.schema.withSchema('by_knex').alterTable('authors', table => { table.string('email'); });
  await database.schema.withSchema('by_knex').alterTable('authors', table => { table.renameColumn('email', 'mail'); });
  await database.schema.withSchema('by_knex').alterTable('authors', table => { table.setNullable('name'); });
  console.log('altered', await authors().columnInfo('mail'), (await authors().columnInfo('name')).nullable);
  await database.schema.withSchema('by_knex').alterTable('authors', table => { table.dropColumn('mail'); });
  console.log('deleted', await books().where('author_id', 1).del(), await books().count());
  let rows = 0;
  for await (const row of authors().select('id').stream()) rows += row.id;
  console.log('streamed', rows);
  await books().truncate();
  await database.schema.withSchema('by_knex').renameTable('books', 'volumes');
  console.log('renamed', await database.withSchema('by_knex').from('volumes').count());
  await database.schema.withSchema('by_knex').dropTableIfExists('volumes');
  await database.raw('DROP SCHEMA by_knex CASCADE');
  await database.destroy();
}

main().catch(error => { console.log('failed', error); process.exit(1); });
