// Sequelize on a schema of its own: tables with keys, rows, relations, transactions, introspection. What it prints must not depend on the server.
'use strict';
const { Sequelize, DataTypes, Op } = require('sequelize');

async function main() {
  const sequelize = new Sequelize(process.argv[2], { dialect: 'postgres', logging: false, pool: { max: 2 } });
  await sequelize.authenticate();
  await sequelize.query('DROP SCHEMA IF EXISTS by_sequelize CASCADE');
  await sequelize.createSchema('by_sequelize');
  const Author = sequelize.define('Author', {
    id: { type: DataTypes.INTEGER, primaryKey: true },
    name: { type: DataTypes.STRING(100), allowNull: false },
    born: DataTypes.DATEONLY,
    rating: { type: DataTypes.DECIMAL(6, 2), defaultValue: 1.5 },
  }, { schema: 'by_sequelize', tableName: 'authors', timestamps: false });
  const Book = sequelize.define('Book', {
    id: { type: DataTypes.BIGINT, primaryKey: true },
    title: { type: DataTypes.TEXT, unique: true },
    inPrint: { type: DataTypes.BOOLEAN, defaultValue: true },
    soldAt: DataTypes.DATE,
    authorId: { type: DataTypes.INTEGER, field: 'author_id' },
  }, { schema: 'by_sequelize', tableName: 'books', timestamps: false });
  Author.hasMany(Book, { foreignKey: 'authorId', as: 'books', constraints: false });
  Book.belongsTo(Author, { foreignKey: 'authorId', as: 'author', constraints: false });
  await Author.sync();
  await Book.sync();

  const ann = await Author.create({ id: 1, name: 'Ann', born: '1970-05-01' });
  console.log('created', ann.toJSON());
  await Author.bulkCreate([{ id: 2, name: "O'Neil", rating: 3.25 }, { id: 3, name: 'Zoë' }]);
  await Book.bulkCreate([
    { id: 10, title: 'First', authorId: 1, soldAt: new Date(Date.UTC(2024, 1, 29, 12)) },
    { id: 11, title: 'Second', authorId: 1, inPrint: false },
    { id: 12, title: 'Third', authorId: 2 }]);
  console.log('updated', await Author.update({ rating: 9.75 }, { where: { name: { [Op.like]: 'O%' } } }));
  console.log('returned', JSON.stringify((await Author.update({ rating: 2 }, { where: { id: 3 }, returning: true }))[1]));
  console.log('upserted', JSON.stringify((await Author.upsert({ id: 3, name: 'Zoe', rating: 4 }))[0]));
  console.log('relations', JSON.stringify(await Author.findAll({ include: [{ model: Book, as: 'books', required: false }], order: ['id', [{ model: Book, as: 'books' }, 'id', 'ASC']] })));
  console.log('inner', JSON.stringify(await Book.findAll({ include: [{ model: Author, as: 'author', where: { rating: { [Op.gt]: 1 } } }], order: [['id', 'DESC']], limit: 2 })));
  console.log('paged', JSON.stringify(await Book.findAndCountAll({ where: { inPrint: true }, order: ['id'], limit: 1, offset: 1 })));
  console.log('grouped', JSON.stringify(await Book.findAll({ attributes: ['authorId', [sequelize.fn('count', sequelize.col('id')), 'books']], group: ['authorId'], order: ['authorId'], raw: true })));
  console.log('sum', await Author.sum('rating'), await Author.max('born'), await Author.count());
  await sequelize.transaction(async transaction => {
    await Author.create({ id: 4, name: 'Kept' }, { transaction });
    await Author.destroy({ where: { id: 3 }, transaction });
  });
  await sequelize.transaction(async transaction => {
    await Author.create({ id: 5, name: 'Lost' }, { transaction });
    throw new Error('rolled back');
  }).catch(error => console.log('transaction', error.message));
  console.log('names', (await Author.findAll({ order: ['id'] })).map(author => author.name));
  for (const wrong of [() => Author.create({ id: 1, name: 'Twice' }), () => Book.create({ id: 13, title: 'First' }), () => Author.create({ id: 9 })])
    await wrong().catch(error => console.log('refused', error.name, (error.errors ?? []).map(item => [item.path, item.type].join(' '))));
  const queries = sequelize.getQueryInterface();
  const sorted = columns => Object.entries(columns).sort(([left], [right]) => left < right ? -1 : 1);
  console.log('authors', sorted(await queries.describeTable({ tableName: 'authors', schema: 'by_sequelize' })));
  console.log('books', sorted(await queries.describeTable({ tableName: 'books', schema: 'by_sequelize' })));
  console.log('indexes', JSON.stringify((await queries.showIndex({ tableName: 'books', schema: 'by_sequelize' })).map(index => [index.name, index.primary, index.unique, index.fields.map(field => field.attribute)]).sort()));
  console.log('tables', JSON.stringify((await queries.showAllTables()).filter(table => table.schema === 'by_sequelize').map(table => table.tableName).sort()));
  await queries.addColumn({ tableName: 'authors', schema: 'by_sequelize' }, 'email', { type: DataTypes.STRING });
  await queries.renameColumn({ tableName: 'authors', schema: 'by_sequelize' }, 'email', 'mail');
  console.log('altered', Object.keys(await queries.describeTable({ tableName: 'authors', schema: 'by_sequelize' })).sort());
  await queries.removeColumn({ tableName: 'authors', schema: 'by_sequelize' }, 'mail');
  console.log('deleted', await Book.destroy({ where: { authorId: 1 } }), await Book.count());
  await sequelize.query('DROP SCHEMA by_sequelize CASCADE');
  await sequelize.close();
}

main().catch(error => { console.log('failed', error); process.exit(1); });
