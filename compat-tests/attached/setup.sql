CREATE TYPE mood AS ENUM ('zed', 'alpha', 'mid');
CREATE TYPE "Odd Name" AS ENUM ('it''s', 'a b', '');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN email AS text;
CREATE TYPE address AS (street text, zip int);
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
CREATE EXTENSION IF NOT EXISTS citext;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE en (id int PRIMARY KEY, m mood, o "Odd Name", ms mood[]);
INSERT INTO en VALUES (1, 'mid', 'a b', '{mid,zed}'), (2, 'zed', '', '{}'), (3, NULL, NULL, NULL), (4, 'alpha', 'it''s', '{NULL,alpha}'), (5, 'zed', 'a b', '{zed}');
CREATE TABLE en2 (m mood, n int);
INSERT INTO en2 VALUES ('zed', 10), ('mid', 20), (NULL, 30);
CREATE TABLE doms (id int, p posint, e email, ps posint[]);
INSERT INTO doms VALUES (1, 5, 'a@b', '{1,2}'), (2, NULL, NULL, NULL);
CREATE TABLE comps (id int, c address, cs address[]);
INSERT INTO comps VALUES (1, ROW('Main St', 5), ARRAY[ROW('x', 1)::address]), (2, NULL, NULL), (3, ROW(NULL, NULL), '{}');
CREATE TABLE ranges (id int, r int4range, n numrange, d daterange, t tstzrange, mr int4multirange, tr textrange);
INSERT INTO ranges VALUES
  (1, '[10,20)', '[1.5,2)', '[2020-01-01,2020-02-01)', '[2020-01-01 00:00+00,2020-02-01 00:00+00)', '{[10,20)}', '[a,b)'),
  (2, '[2,3)', '(1.5,10]', '[2019-12-31,)', '(,2020-01-01 00:00+00)', '{[2,3)}', '[A,B)'),
  (3, 'empty', 'empty', 'empty', 'empty', '{}', 'empty'),
  (4, '[2,)', '[1.50,2.0)', '(,)', NULL, '{[1,4]}', NULL),
  (5, '(,5)', NULL, NULL, '(,)', NULL, '(,)');
CREATE TABLE systems (id int, x xid8, l pg_lsn, m money, t tid, s pg_snapshot, v tsvector, q tsquery, ct citext);
INSERT INTO systems VALUES
  (1, '42', '0/16AE7F8', '100.00', '(10,2)', '10:20:10,14', 'a b', 'a & b', 'Abc'),
  (2, '18446744073709551615', 'A/0', '-5.00', '(2,10)', '10:20:', 'b', 'b', 'abc'),
  (3, '0', '0/2', '20.00', '(2,9)', NULL, NULL, NULL, NULL);
CREATE TABLE coll (id int, b text, a text COLLATE "en-x-icu", n text COLLATE loose, c varchar(10) COLLATE "C", p text COLLATE "POSIX");
INSERT INTO coll SELECT i, w, w, w, w, w FROM (VALUES (1, 'abc'), (2, 'ABC'), (3, 'äbc'), (4, 'bbc'), (5, 'Bcd'), (6, NULL)) v(i, w);
CREATE TABLE par (a int, t text);
CREATE TABLE chi (b int) INHERITS (par);
INSERT INTO par VALUES (1, 'p'), (2, 'p');
INSERT INTO chi VALUES (3, 'c', 30);
CREATE TABLE parted (k int, v text) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted VALUES (1, 'one'), (2, 'two');
CREATE TABLE gone (a int, x text, b int, c int GENERATED ALWAYS AS (a * 2) STORED, d text);
ALTER TABLE gone DROP COLUMN x;
INSERT INTO gone (a, b, d) VALUES (1, 2, 'd');
CREATE VIEW en_view AS SELECT id, m FROM en WHERE m > 'zed';
CREATE MATERIALIZED VIEW en_stored AS SELECT m, count(*) AS n FROM en GROUP BY m;
CREATE TABLE odd (id int, n numeric(10,2), ts timestamp, aa int[], ok text);
INSERT INTO odd VALUES (1, 1.5, '2020-01-01', '{1,2}', 'x'), (2, 'NaN', '294276-12-31 23:59:59', '{{1,2},{3,4}}', 'y'), (3, 2.5, '2020-01-01', '[0:1]={7,8}', 'z');
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int PRIMARY KEY, amount numeric(10,2), placed timestamp);
CREATE SCHEMA "Hr";
CREATE TABLE "Hr"."Employee" (id int);
