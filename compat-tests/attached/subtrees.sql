CREATE TYPE mood AS ENUM ('zed', 'alpha', 'mid');
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE item (
  id int PRIMARY KEY, kind text, code varchar(8), pad char(4), icu text COLLATE "en-x-icu", free text COLLATE loose, m mood,
  small int2, qty int, big int8, price numeric(10,2), num numeric, ratio float8, flag bool, day date, at timestamp);
INSERT INTO item
  SELECT i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'b' WHEN 2 THEN 'B' WHEN 3 THEN 'ä' ELSE 'a' END, 'c' || i % 3, 'p' || i % 2,
         chr(65 + i % 7) || 'x', CASE i % 2 WHEN 0 THEN 'F' ELSE 'f' END, (ARRAY['zed', 'alpha', 'mid'])[1 + i % 3]::mood,
         i % 11 - 5, nullif(i % 13, 4), i::int8 * 1000000000, i * 1.25, (i % 4) / 8.0, i / 4.0, i % 3 = 0,
         date '2024-01-01' + i % 40, timestamp '2024-01-01 10:00:00' + i * interval '7 hours'
  FROM generate_series(1, 200) AS s(i);
CREATE TABLE part_of (item int, whole int, share numeric(5,3));
INSERT INTO part_of SELECT 1 + i * 7 % 230, nullif(1 + i * 11 % 90, 30), i * 0.125 FROM generate_series(1, 300) AS s(i);
CREATE TABLE kinds (kind text, title text, rank int);
INSERT INTO kinds VALUES ('a', 'first', 1), ('b', 'second', 2), ('B', 'third', 3), (NULL, 'none', NULL), ('z', 'unused', 9);
CREATE TABLE wide (k int, a numeric(38,10), b numeric(30,5));
INSERT INTO wide SELECT i % 3, 9999999999999999999999999999.0123456789 - i, 12345678901234567890123.54321 * i FROM generate_series(1, 50) AS s(i);
