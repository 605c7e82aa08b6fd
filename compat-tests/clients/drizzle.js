// Drizzle on a schema of its own: rows, relations, transactions. What it prints must not depend on the server.
'use strict';
const { Pool } = require('pg');
const { drizzle } = require('drizzle-orm/node-postgres');
const { pgSchema, integer, bigint, varchar, text, boolean, date, numeric, timestamp, jsonb } = require('drizzle-orm/pg-core');
const { relations, eq, gt, and, like, ilike, inArray, desc, asc, sql, count, sum, max, exists } = require('drizzle-orm');

const own = pgSchema('by_drizzle');
const authors = own.table('authors', {
  id: integer('id').primaryKey(), name: varchar('name', { length: 100 }).notNull(), born: date('born'),
  rating: numeric('rating', { precision: 6, scale: 2 }).default('1.5'),
});
const books = own.table('books', {
  id: bigint('id', { mode: 'number' }).primaryKey(), title: text('title').unique(), inPrint: boolean('in_print').notNull().default(true),
  soldAt: timestamp('sold_at', { withTimezone: true }), authorId: integer('author_id'),
});
const schema = {
  authors, books, authorRelations: relations(authors, ({ many }) => ({ books: many(books) })),
  bookRelations: relations(books, ({ one }) => ({ author: one(authors, { fields: [books.authorId], references: [authors.id] }) })),
};
const show = (label, value) => console.log(label, JSON.stringify(value));

async function main() {
  const pool = new Pool({ connectionString: process.argv[2], max: 2 });
  const database = drizzle(pool, { schema });
  for (const statement of ['DROP SCHEMA IF EXISTS by_drizzle CASCADE', 'CREATE SCHEMA "by_drizzle"',
    'CREATE TABLE "by_drizzle"."authors" ("id" integer PRIMARY KEY NOT NULL, "name" varchar(100) NOT NULL, "born" date, "rating" numeric(6, 2) DEFAULT \'1.5\')',
    'CREATE TABLE "by_drizzle"."books" ("id" bigint PRIMARY KEY NOT NULL, "title" text, "in_print" boolean DEFAULT true NOT NULL, "sold_at" timestamp with time zone, "author_id" integer, CONSTRAINT "books_title_unique" UNIQUE("title"))',
  ]) await database.execute(sql.raw(statement));
  show('inserted', await database.insert(authors).values([{ id: 1, name: 'Ann', born: '1970-05-01' }, { id: 2, name: "O'Neil", rating: '3.25' }, { id: 3, name: 'Zoë' }]).returning());
  await database.insert(books).values([{ id: 10, title: 'First', authorId: 1, soldAt: new Date('2024-02-29T12:00:00Z') }, { id: 11, title: 'Second', inPrint: false, authorId: 1 }, { id: 12, title: 'Third', authorId: 2 }]);
  show('updated', await database.update(authors).set({ rating: '9.75' }).where(like(authors.name, 'O%')).returning({ id: authors.id, rating: authors.rating }));
  show('merged', await database.insert(authors).values({ id: 3, name: 'Zoe' }).onConflictDoUpdate({ target: authors.id, set: { name: sql`excluded.name || '!'` } }).returning());
  show('ignored', await database.insert(authors).values({ id: 3, name: 'Nobody' }).onConflictDoNothing().returning());
  show('relations', await database.query.authors.findMany({ with: { books: { orderBy: asc(books.id) } }, orderBy: asc(authors.id) }));
  show('one', await database.query.books.findFirst({ with: { author: { columns: { name: true } } }, where: eq(books.title, 'Third') }));
  show('extras', await database.query.authors.findMany({ columns: { id: true }, extras: { loud: sql`upper(${authors.name})`.as('loud') }, orderBy: desc(authors.id), limit: 2 }));
  show('joined', await database.select({ title: books.title, name: authors.name }).from(books).innerJoin(authors, eq(books.authorId, authors.id)).orderBy(books.id));
  show('left', await database.select().from(authors).leftJoin(books, and(eq(books.authorId, authors.id), eq(books.inPrint, true))).orderBy(authors.id, books.id));
  show('grouped', await database.select({ author: books.authorId, books: count(), most: max(books.id) }).from(books).groupBy(books.authorId).having(gt(count(), 0)).orderBy(books.authorId));
  show('summed', await database.select({ sum: sum(authors.rating) }).from(authors));
  const printed = database.$with('printed').as(database.select().from(books).where(eq(books.inPrint, true)));
  show('with', await database.with(printed).select({ id: printed.id }).from(printed).orderBy(desc(printed.id)));
  show('in', await database.select({ id: authors.id }).from(authors).where(inArray(authors.id, database.select({ id: books.authorId }).from(books))).orderBy(authors.id));
  show('exists', await database.select({ id: authors.id }).from(authors).where(exists(database.select({ one: sql`1` }).from(books).where(eq(books.authorId, authors.id)))).orderBy(authors.id));
  show('counted', [await database.$count(authors), await database.$count(books, ilike(books.title, 'F%'))]);
  const prepared = database.select({ name: authors.name }).from(authors).where(eq(authors.id, sql.placeholder('id'))).prepare('author_by_id');
  show('prepared', [await prepared.execute({ id: 1 }), await prepared.execute({ id: 2 })]);
  await database.transaction(async transaction => {
    await transaction.insert(authors).values({ id: 4, name: 'Kept' });
    await transaction.transaction(async inner => {
      await inner.insert(authors).values({ id: 5, name: 'Lost' });
      inner.rollback();
    }).catch(error => show('savepoint', error.message));
  }, { isolationLevel: 'repeatable read' });
  await database.transaction(async transaction => {
    await transaction.delete(authors);
    throw new Error('rolled back');
  }).catch(error => show('transaction', error.message));
  show('names', (await database.select().from(authors).orderBy(authors.id)).map(author => author.name));
  for (const wrong of [() => database.insert(authors).values({ id: 1, name: 'Twice' }), () => database.insert(books).values({ id: 13, title: 'First' }), () => database.execute(sql`INSERT INTO by_drizzle.authors (id) VALUES (9)`)])
    await wrong().catch(({ cause }) => show('refused', [cause.code, cause.message, cause.detail, cause.schema, cause.table, cause.column, cause.constraint]));
  show('union', await database.select({ id: authors.id }).from(authors).union(database.select({ id: books.authorId }).from(books)).orderBy(sql`1`));
  show('deleted', (await database.delete(books).where(eq(books.authorId, 1)).returning({ id: books.id })).map(book => book.id).sort());
  await database.execute(sql`DROP SCHEMA by_drizzle CASCADE`);
  await pool.end();
}

main().catch(error => { console.log('failed', error); process.exit(1); });
