-- A small deterministic data set of the shape of TPC-H (about scale factor 0.01), not dbgen's: keys are valid, values come from hashes of the keys.
CREATE FUNCTION pick(key bigint, seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
  'SELECT ((hashint8extended(key, seed) & 9223372036854775807) % n)::int';
CREATE FUNCTION word(key bigint, seed int, words text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT words[1 + pick(key, seed, cardinality(words))]';
CREATE FUNCTION chatter(key bigint, seed int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(word(key, seed + i, '{furiously,special,pending,requests,carefully,Customer,ironic,Complaints,quickly,deposits,silent,packages,é,bold}'), ' ' ORDER BY i)
  FROM generate_series(1, 5) i $$;

CREATE TABLE region AS
  SELECT (i - 1)::int AS r_regionkey, name::varchar(25) AS r_name, chatter(i, 1)::varchar(152) AS r_comment
  FROM unnest('{AFRICA,AMERICA,ASIA,EUROPE,MIDDLE EAST}'::text[]) WITH ORDINALITY t(name, i);

CREATE TABLE nation AS
  SELECT (i - 1)::int AS n_nationkey, split_part(name, '/', 1)::varchar(25) AS n_name, split_part(name, '/', 2)::int AS n_regionkey, chatter(i, 2)::varchar(152) AS n_comment
  FROM unnest('{ALGERIA/0,ARGENTINA/1,BRAZIL/1,CANADA/1,EGYPT/4,ETHIOPIA/0,FRANCE/3,GERMANY/3,INDIA/2,INDONESIA/2,IRAN/4,IRAQ/4,JAPAN/2,JORDAN/4,KENYA/0,
    MOROCCO/0,MOZAMBIQUE/0,PERU/1,CHINA/2,ROMANIA/3,SAUDI ARABIA/4,VIETNAM/2,RUSSIA/3,UNITED KINGDOM/3,UNITED STATES/1}'::text[]) WITH ORDINALITY t(name, i);

CREATE TABLE supplier AS
  SELECT k::int AS s_suppkey, ('Supplier#' || lpad(k::text, 9, '0'))::varchar(25) AS s_name, md5(k::text)::varchar(40) AS s_address, (k % 25)::int AS s_nationkey,
    (10 + k % 25 || '-' || lpad(pick(k, 3, 10000000)::text, 7, '0'))::varchar(15) AS s_phone, (pick(k, 4, 1100000) / 100.0 - 1000)::numeric(15,2) AS s_acctbal,
    chatter(k, 5)::varchar(101) AS s_comment
  FROM generate_series(1, 100) k;

CREATE TABLE customer AS
  SELECT k::int AS c_custkey, ('Customer#' || lpad(k::text, 9, '0'))::varchar(25) AS c_name, md5('c' || k)::varchar(40) AS c_address, pick(k, 6, 25) AS c_nationkey,
    (10 + pick(k, 6, 25) || '-' || lpad(pick(k, 7, 10000000)::text, 7, '0'))::varchar(15) AS c_phone, (pick(k, 8, 1100000) / 100.0 - 1000)::numeric(15,2) AS c_acctbal,
    word(k, 9, '{AUTOMOBILE,BUILDING,FURNITURE,MACHINERY,HOUSEHOLD}')::varchar(10) AS c_mktsegment, chatter(k, 10)::varchar(117) AS c_comment
  FROM generate_series(1, 1500) k;

CREATE TABLE part AS
  SELECT k::int AS p_partkey, (word(k, 11, '{almond,forest,green,azure,linen,misty,navy,peach}') || ' ' || word(k, 12, '{green,red,blue,plum,snow}'))::varchar(55) AS p_name,
    ('Manufacturer#' || 1 + pick(k, 13, 5))::varchar(25) AS p_mfgr, ('Brand#' || 1 + pick(k, 13, 5) || 1 + pick(k, 14, 5))::varchar(10) AS p_brand,
    (word(k, 15, '{STANDARD,SMALL,MEDIUM,LARGE,ECONOMY,PROMO}') || ' ' || word(k, 16, '{ANODIZED,BURNISHED,PLATED,POLISHED,BRUSHED}') || ' ' || word(k, 17, '{TIN,NICKEL,BRASS,STEEL,COPPER}'))::varchar(25) AS p_type,
    1 + pick(k, 18, 50) AS p_size, (word(k, 19, '{SM,LG,MED,JUMBO,WRAP}') || ' ' || word(k, 20, '{CASE,BOX,BAG,PACK,PKG}'))::varchar(10) AS p_container,
    ((90000 + k / 10 % 20001 + 100 * (k % 1000)) / 100.0)::numeric(15,2) AS p_retailprice, chatter(k, 21)::varchar(60) AS p_comment
  FROM generate_series(1, 2000) k;

CREATE TABLE partsupp AS
  SELECT p::int AS ps_partkey, (1 + (p + s * 25) % 100)::int AS ps_suppkey, 1 + pick(p * 4 + s, 22, 9999) AS ps_availqty,
    (1 + pick(p * 4 + s, 23, 99900) / 100.0)::numeric(15,2) AS ps_supplycost, chatter(p * 4 + s, 24)::varchar(199) AS ps_comment
  FROM generate_series(1, 2000) p, generate_series(0, 3) s;

-- A third of the customers orders nothing.
CREATE TABLE orders AS
  SELECT k::int AS o_orderkey, (1 + pick(k, 25, 500) * 3 + pick(k, 26, 2))::int AS o_custkey, word(k, 27, '{F,O,P}')::varchar(1) AS o_orderstatus,
    (1000 + pick(k, 28, 45000000) / 100.0)::numeric(15,2) AS o_totalprice, (date '1992-01-01' + pick(k, 29, 2406))::date AS o_orderdate,
    word(k, 30, '{1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW}')::varchar(15) AS o_orderpriority, ('Clerk#' || pick(k, 31, 1000))::varchar(15) AS o_clerk,
    0 AS o_shippriority, chatter(k, 32)::varchar(79) AS o_comment
  FROM generate_series(1, 15000) k;

CREATE TABLE lineitem AS
  SELECT o_orderkey AS l_orderkey, part AS l_partkey, (1 + (part + pick(k, 34, 4) * 25) % 100)::int AS l_suppkey, line::int AS l_linenumber,
    quantity::numeric(15,2) AS l_quantity, (quantity * (900 + part % 1000))::numeric(15,2) AS l_extendedprice, (pick(k, 36, 11) / 100.0)::numeric(15,2) AS l_discount,
    (pick(k, 37, 9) / 100.0)::numeric(15,2) AS l_tax, word(k, 38, '{R,A,N}')::varchar(1) AS l_returnflag, word(k, 39, '{O,F}')::varchar(1) AS l_linestatus,
    o_orderdate + 1 + pick(k, 40, 121) AS l_shipdate, o_orderdate + 30 + pick(k, 41, 61) AS l_commitdate, o_orderdate + 2 + pick(k, 40, 121) + pick(k, 42, 30) AS l_receiptdate,
    word(k, 43, '{DELIVER IN PERSON,COLLECT COD,NONE,TAKE BACK RETURN}')::varchar(25) AS l_shipinstruct, word(k, 44, '{REG AIR,AIR,RAIL,SHIP,TRUCK,MAIL,FOB}')::varchar(10) AS l_shipmode,
    word(k, 45, '{furiously,special,pending,ironic}')::varchar(44) AS l_comment
  FROM orders, generate_series(1, 7) line, LATERAL (SELECT o_orderkey * 8::bigint + line AS k) key,
    LATERAL (SELECT 1 + pick(k, 33, 2000) AS part, CASE WHEN o_orderkey % 100 = 0 THEN 45 ELSE 1 + pick(k, 35, 50) END AS quantity) v
  WHERE line <= 1 + pick(o_orderkey, 46, 7) OR o_orderkey % 100 = 0;

ALTER TABLE region ADD PRIMARY KEY (r_regionkey);
ALTER TABLE nation ADD PRIMARY KEY (n_nationkey), ADD FOREIGN KEY (n_regionkey) REFERENCES region;
ALTER TABLE supplier ADD PRIMARY KEY (s_suppkey), ADD FOREIGN KEY (s_nationkey) REFERENCES nation;
ALTER TABLE customer ADD PRIMARY KEY (c_custkey), ADD FOREIGN KEY (c_nationkey) REFERENCES nation;
ALTER TABLE part ADD PRIMARY KEY (p_partkey);
ALTER TABLE partsupp ADD PRIMARY KEY (ps_partkey, ps_suppkey), ADD FOREIGN KEY (ps_partkey) REFERENCES part, ADD FOREIGN KEY (ps_suppkey) REFERENCES supplier;
ALTER TABLE orders ADD PRIMARY KEY (o_orderkey), ADD FOREIGN KEY (o_custkey) REFERENCES customer;
ALTER TABLE lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber), ADD FOREIGN KEY (l_orderkey) REFERENCES orders, ADD FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp;
CREATE INDEX ON lineitem (l_partkey, l_suppkey);
ANALYZE;
