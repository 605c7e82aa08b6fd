-- A page view log in the shape of ClickBench's: skewed keys, mostly empty phrases, long addresses. {0} is the number of the file, {1} its rows.
WITH r AS (SELECT i + {0} * {1} AS n, hash(i + {0} * {1}) AS h FROM range({1}) AS t(i)),
-- u is even in 0..1, z is skewed towards 0.
s AS (SELECT n, h, (h % 1000003) / 1000003.0 AS u, pow(((h >> 20) % 1000003) / 1000003.0, 4) AS z, pow(((h >> 40) % 1000003) / 1000003.0, 6) AS w FROM r),
k AS (
    SELECT *,
        (z * 200000)::BIGINT AS page,
        (w * 300000)::BIGINT AS phrase,
        CASE WHEN h % 13 = 0 THEN 62 ELSE (w * 6000)::INTEGER END AS counter,
        TIMESTAMP '2013-07-01 00:00:00' + to_seconds((n % 250000) * 10 + (h % 10)::BIGINT) AS moment
    FROM s
)
SELECT
    (h >> 1)::BIGINT AS watchid,
    (h % 2)::SMALLINT AS javaenable,
    CASE WHEN h % 7 = 0 THEN '' ELSE 'Page ' || page || CASE WHEN page % 97 = 0 THEN ' - Google search results' ELSE ' of a catalogue with a long title' END END AS title,
    1::SMALLINT AS goodevent,
    moment AS eventtime,
    moment::DATE AS eventdate,
    counter AS counterid,
    (hash(n % 400000) % 2000000000)::INTEGER AS clientip,
    (w * 5000)::INTEGER AS regionid,
    (hash((z * 900000)::BIGINT) >> 1)::BIGINT AS userid,
    'http://' || CASE page % 50 WHEN 0 THEN 'www.google.com' WHEN 1 THEN 'images.google.ru' ELSE 'site' || (page % 3000) || '.example.com' END
        || '/catalogue/section-' || (page % 37) || '/item-' || page || '.html?ref=' || (page % 11) AS url,
    CASE WHEN h % 5 = 0 THEN '' ELSE 'http' || CASE WHEN h % 3 = 0 THEN 's' ELSE '' END || '://' || CASE WHEN h % 2 = 0 THEN 'www.' ELSE '' END
        || 'refer' || (phrase % 1500) || '.example.org/path/' || phrase END AS referer,
    (h % 6 = 0)::SMALLINT AS isrefresh,
    (1000 + (w * 1000)::INTEGER)::SMALLINT AS resolutionwidth,
    (700 + (z * 600)::INTEGER)::SMALLINT AS resolutionheight,
    (900 + (z * 1000)::INTEGER)::SMALLINT AS windowclientwidth,
    (500 + (w * 600)::INTEGER)::SMALLINT AS windowclientheight,
    CASE WHEN h % 160 = 0 THEN (h % 19 + 1)::SMALLINT ELSE 0::SMALLINT END AS advengineid,
    CASE WHEN h % 18 = 0 THEN (w * 90 + 1)::SMALLINT ELSE 0::SMALLINT END AS mobilephone,
    CASE WHEN h % 18 = 0 THEN 'Model ' || (w * 160)::INTEGER ELSE '' END AS mobilephonemodel,
    CASE WHEN h % 8 = 0 THEN (w * 90 + 1)::SMALLINT ELSE 0::SMALLINT END AS searchengineid,
    CASE WHEN h % 8 = 0 THEN 'how to find thing number ' || phrase ELSE '' END AS searchphrase,
    (h % 12 = 0)::SMALLINT AS dontcounthits,
    (h % 9 = 0)::SMALLINT AS islink,
    (h % 250 = 0)::SMALLINT AS isdownload,
    ((h % 12)::SMALLINT - 2)::SMALLINT AS traficsourceid,
    CASE WHEN page = 0 THEN 2868770270353813622 ELSE (hash(page) >> 1)::BIGINT END AS urlhash,
    CASE WHEN phrase = 0 THEN 3594120000172545465 ELSE (hash(phrase + 7) >> 1)::BIGINT END AS refererhash
FROM k
