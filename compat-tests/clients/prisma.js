// Prisma on a schema of its own: rows, relations, transactions, raw statements. What it prints must not depend on the server.
'use strict';
const { execFileSync } = require('child_process');
const path = require('path');

// The client is code that Prisma writes into node_modules from the schema.
execFileSync(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--config', path.join(__dirname, 'prisma', 'prisma.config.ts')],
  { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DATABASE_URL: process.argv[2], CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' } });
const { PrismaClient, Prisma } = require('@prisma/client');
const { PrismaPg } = require('@prisma/adapter-pg');

const show = (label, value) => console.log(label, JSON.stringify(value, (key, item) => typeof item === 'bigint' ? `${item}n` : item));

async function main() {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.argv[2], max: 2 }, { schema: 'by_prisma' }) });
  for (const statement of [
    'DROP SCHEMA IF EXISTS by_prisma CASCADE', 'CREATE SCHEMA by_prisma',
    'CREATE TABLE by_prisma.authors (id integer NOT NULL, name varchar(100) NOT NULL, born date, rating decimal(6,2) DEFAULT 1.5, CONSTRAINT authors_pkey PRIMARY KEY (id))',
    'CREATE TABLE by_prisma.books (id bigint NOT NULL, title text, in_print boolean NOT NULL DEFAULT true, sold_at timestamptz(6), author_id integer, CONSTRAINT books_pkey PRIMARY KEY (id), CONSTRAINT books_title_key UNIQUE (title))',
  ]) await prisma.$executeRawUnsafe(statement);
  show('created', await prisma.author.create({ data: { id: 1, name: 'Ann', born: new Date('1970-05-01') } }));
  show('nested', await prisma.author.create({ data: { id: 2, name: "O'Neil", rating: '3.25', books: { create: [{ id: 12, title: 'Third' }] } }, include: { books: true } }));
  show('many', await prisma.author.createMany({ data: [{ id: 3, name: 'Zoë' }, { id: 4, name: 'Max', rating: 7 }] }));
  show('skipped', await prisma.author.createMany({ data: [{ id: 3, name: 'Nobody' }], skipDuplicates: true }));
  await prisma.book.createMany({ data: [{ id: 10n, title: 'First', authorId: 1, soldAt: new Date('2024-02-29T12:00:00Z') }, { id: 11n, title: 'Second', inPrint: false, authorId: 1 }] });
  show('updated', await prisma.author.update({ where: { id: 2 }, data: { rating: { increment: 2 } } }));
  show('all', await prisma.author.updateMany({ where: { name: { contains: 'x', mode: 'insensitive' } }, data: { born: null, rating: 8 } }));
  show('upserted', [await prisma.author.upsert({ where: { id: 3 }, create: { id: 3, name: 'New' }, update: { name: 'Zoe' } }), await prisma.author.upsert({ where: { id: 9 }, create: { id: 9, name: 'Nine' }, update: { name: 'Zoe' } })]);
  show('relations', await prisma.author.findMany({ include: { books: { orderBy: { id: 'asc' } } }, orderBy: { id: 'asc' } }));
  show('filtered', await prisma.author.findMany({ where: { books: { some: { inPrint: true } }, NOT: { born: null } }, select: { name: true } }));
  show('none', await prisma.author.findMany({ where: { books: { none: {} } }, select: { id: true }, orderBy: { id: 'asc' } }));
  show('inner', await prisma.book.findMany({ where: { author: { rating: { gt: 1 } } }, include: { author: true }, orderBy: { id: 'desc' }, take: 2 }));
  show('paged', await prisma.book.findMany({ orderBy: { id: 'asc' }, skip: 1, take: 1, select: { id: true, title: true } }));
  show('cursor', await prisma.book.findMany({ orderBy: { id: 'asc' }, cursor: { id: 11n }, take: 2, select: { id: true } }));
  show('unique', await prisma.book.findUnique({ where: { title: 'Third' } }));
  show('grouped', await prisma.book.groupBy({ by: ['authorId'], _count: { _all: true }, _max: { id: true }, orderBy: { authorId: 'asc' } }));
  show('aggregated', await prisma.author.aggregate({ _sum: { rating: true }, _avg: { id: true }, _min: { born: true }, _count: true }));
  show('counted', await prisma.author.findMany({ select: { id: true, _count: { select: { books: true } } }, orderBy: { id: 'asc' } }));
  show('batch', (await prisma.$transaction([prisma.author.delete({ where: { id: 9 } }), prisma.author.count()])).map(item => item.name ?? item));
  await prisma.$transaction(async transaction => {
    await transaction.author.create({ data: { id: 5, name: 'Lost' } });
    throw new Error('rolled back');
  }, { isolationLevel: 'RepeatableRead' }).catch(error => show('transaction', error.message));
  show('names', (await prisma.author.findMany({ orderBy: { id: 'asc' } })).map(author => author.name));
  for (const wrong of [() => prisma.author.create({ data: { id: 1, name: 'Twice' } }), () => prisma.book.create({ data: { id: 13n, title: 'First' } }),
    () => prisma.author.delete({ where: { id: 77 } }), () => prisma.$executeRaw`INSERT INTO by_prisma.authors (id) VALUES (88)`])
    await wrong().catch(error => show('refused', [error.code, error.meta]));
  show('raw', await prisma.$queryRaw`SELECT id, title, in_print, sold_at FROM by_prisma.books WHERE id > ${10} AND title IN (${Prisma.join(['Second', 'Third'])}) ORDER BY id`);
  show('types', await prisma.$queryRaw`SELECT 1::smallint AS a, 2.50::numeric AS b, ARRAY[1,2] AS c, '{"x":1}'::jsonb AS d, '\x01'::bytea AS e, 'a'::char(3) AS f, time '10:00' AS g, 1.5::float4 AS h, true AS i, NULL AS j, '2020-01-01'::date AS k`);
  show('deleted', await prisma.book.deleteMany({ where: { authorId: 1 } }));
  await prisma.$executeRawUnsafe('DROP SCHEMA by_prisma CASCADE');
  await prisma.$disconnect();
}

main().catch(error => { console.log('failed', error); process.exit(1); });
