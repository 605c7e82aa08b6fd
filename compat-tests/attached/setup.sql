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
CREATE SCHEMA keyed;
CREATE TYPE keyed.state AS ENUM ('new', 'paid', 'sent');
CREATE TYPE keyed.place AS (street text, zip int, "Geo Pt" numeric(8,3));
CREATE DOMAIN keyed.mail AS varchar(40) DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@') CHECK (length(VALUE) > 2);
COMMENT ON DOMAIN keyed.mail IS 'An address';
CREATE TABLE keyed.customer (
  id serial PRIMARY KEY, name varchar(80) NOT NULL, mail keyed.mail, home keyed.place, made timestamptz DEFAULT now(), vip boolean NOT NULL DEFAULT false,
  score numeric(10,2) DEFAULT 1.5 + 1 CHECK (score >= 0), tags text[] DEFAULT '{}', UNIQUE (name, mail), CONSTRAINT both_set CHECK (vip OR score > 1));
COMMENT ON TABLE keyed.customer IS 'People';
COMMENT ON COLUMN keyed.customer.name IS 'Full name';
COMMENT ON CONSTRAINT both_set ON keyed.customer IS 'A rule';
CREATE TABLE keyed.purchase (
  id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY, customer_id int NOT NULL REFERENCES keyed.customer (id) ON DELETE CASCADE, status keyed.state NOT NULL DEFAULT 'new',
  total numeric(12,2) NOT NULL, placed date DEFAULT CURRENT_DATE, note text COLLATE "C", parent bigint REFERENCES keyed.purchase DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX purchase_status ON keyed.purchase (status DESC NULLS LAST, placed) WHERE total > 10;
CREATE UNIQUE INDEX purchase_lower ON keyed.purchase (lower(note), (id + 1)) INCLUDE (total);
CREATE INDEX purchase_hash ON keyed.purchase USING hash (note);
COMMENT ON INDEX keyed.purchase_status IS 'What is open';
CREATE TABLE keyed.line (
  purchase_id bigint, number int, sku char(8), quantity int NOT NULL DEFAULT 1, price numeric(10,2), amount numeric GENERATED ALWAYS AS (quantity * price) STORED, PRIMARY KEY (purchase_id, number),
  CONSTRAINT line_purchase FOREIGN KEY (purchase_id) REFERENCES keyed.purchase (id) ON UPDATE SET NULL ON DELETE RESTRICT);
CREATE TABLE keyed.swapped (a int, b bigint, CONSTRAINT swapped_line FOREIGN KEY (a, b) REFERENCES keyed.line (number, purchase_id) MATCH FULL);
ALTER TABLE keyed.line ADD CONSTRAINT line_turned UNIQUE (number, purchase_id);
CREATE TABLE keyed.spans (r int4range, EXCLUDE USING gist (r WITH &&));
CREATE TABLE keyed.measures (taken timestamp NOT NULL, v float8, sensor int) PARTITION BY RANGE (taken);
CREATE TABLE keyed.measures_2020 PARTITION OF keyed.measures FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE keyed.measures_rest PARTITION OF keyed.measures DEFAULT;
CREATE INDEX ON keyed.measures (sensor);
CREATE TABLE keyed.top (a int PRIMARY KEY, b text);
CREATE TABLE keyed.below (c int) INHERITS (keyed.top);
CREATE SEQUENCE keyed.tickets AS int START 100 CACHE 5 CYCLE;
CREATE TABLE keyed.bare (x int);
CREATE VIEW keyed.totals AS SELECT c.name, sum(p.total) AS total FROM keyed.purchase p JOIN keyed.customer c ON c.id = p.customer_id GROUP BY c.name;
CREATE MATERIALIZED VIEW keyed.stored AS SELECT status, count(*) AS n FROM keyed.purchase GROUP BY 1;
CREATE UNIQUE INDEX stored_status ON keyed.stored (status);
CREATE FUNCTION keyed.touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER purchase_touch BEFORE INSERT OR UPDATE OF note ON keyed.purchase FOR EACH ROW WHEN (NEW.total > 0) EXECUTE FUNCTION keyed.touch();
CREATE TRIGGER purchase_done AFTER DELETE ON keyed.purchase REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keyed.touch();
INSERT INTO keyed.customer (name, mail, home) VALUES ('ann', 'a@b.c', ROW('Main "st", 5', 12, 1.5)), ('bob', 'b@b.c', NULL), ('cy', 'c@b.c', ROW(NULL, NULL, NULL));
CREATE SCHEMA wide;
CREATE TYPE wide.level AS ENUM ('low', 'mid', 'high');
CREATE TYPE wide.spot AS (name text, zip int, "Geo Pt" numeric(8,3), seen date, tags text[], ok boolean, lvl wide.level);
CREATE TABLE wide.numbers (id int, n numeric(10,2), m numeric(38,0), s numeric(5,3), a numeric(6,2)[], f float8);
INSERT INTO wide.numbers VALUES (1, 'NaN', 1, 0.5, '{1.5,NaN}', 'NaN'), (2, 1.5, 'NaN', 'NaN', NULL, 'Infinity'), (3, NULL, -1, 1.25, '{}', 1), (4, -2.25, 99999999999999999999999999999999999999, NULL, '{NULL,-0.01}', NULL);
CREATE TABLE wide.times (id int, d date, ts timestamp, tz timestamptz);
INSERT INTO wide.times VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity'), (3, '5874897-12-31', '294246-12-31 23:59:59', '4714-11-24 00:00:00+00 BC'), (4, '4713-01-01 BC', '4713-01-01 00:00:00 BC', NULL);
CREATE TABLE wide.grids (id int, m int[], t text[], l wide.level[], n numeric(6,2)[][]);
INSERT INTO wide.grids VALUES (1, '{{1,2},{3,NULL}}', '{{{a,b}},{{"c,d",""}}}', '{{low,high}}', '{{1.5},{NaN}}'), (2, '{}', NULL, '{{mid}}', NULL), (3, NULL, '{{{x}}}', '{}', '{{-0.01,2}}'), (4, '{{7}}', '{}', NULL, '{}');
CREATE TABLE wide.mixed (id int, m int[], ok text);
INSERT INTO wide.mixed VALUES (1, '{{1,2}}', 'a'), (2, '{3}', 'b');
CREATE TABLE wide.spots (id int, s wide.spot, ss wide.spot[]);
INSERT INTO wide.spots VALUES (1, ROW('Main "St", 5\', 12, 1.5, '2020-02-29', '{a,"b c"}', true, 'mid'), ARRAY[ROW('x', 1, NULL, NULL, NULL, NULL, NULL)::wide.spot]), (2, ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL), '{}'), (3, NULL, NULL),
  (4, ROW('', -7, -0.001, 'infinity', '{}', false, 'high'), NULL);
