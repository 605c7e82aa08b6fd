-- A small shop, as tables of the lake that can be changed. It is made once, together with the demo's servers.
CREATE SCHEMA shop;

CREATE TABLE shop.customers (
    id int NOT NULL,
    name text NOT NULL,
    country char(2),
    joined date DEFAULT current_date
);

CREATE TABLE shop.products (
    id int NOT NULL,
    name text NOT NULL,
    price numeric(10,2) NOT NULL
);

CREATE TABLE shop.sales (
    id bigint NOT NULL,
    customer int NOT NULL,
    product int NOT NULL,
    quantity int DEFAULT 1,
    country char(2),
    sold timestamptz DEFAULT now()
) PARTITIONED BY (country);

INSERT INTO shop.customers VALUES
    (1, 'Ada', 'CH', '2024-03-01'), (2, 'Bento', 'BR', '2024-05-17'), (3, 'Chie', 'JP', '2025-01-09'), (4, 'Dalia', 'KE', '2025-11-30'), (5, 'Emil', 'CH', '2026-02-14');

INSERT INTO shop.products VALUES
    (1, 'notebook', 4.50), (2, 'pencil', 1.20), (3, 'lamp', 39.90), (4, 'chair', 129.00);

INSERT INTO shop.sales
    SELECT n, c.id, n % 4 + 1, n % 3 + 1, c.country, timestamptz '2026-01-01 08:00:00+00' + n * interval '5 hours'
    FROM generate_series(1, 1000) AS n JOIN shop.customers c ON c.id = n % 5 + 1;
