namespace Federation.CompatTests.Suite.Cluster;

/// <summary>Short statements over TPC-H's tables whose plans are spread in different ways; each has an order or one row.</summary>
internal static class ClusterStatements
{
    public static readonly string[] All =
    [
        "SELECT l_returnflag, l_linestatus, sum(l_quantity), avg(l_extendedprice), count(*) FROM lineitem GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT o_orderpriority, count(*) FROM orders WHERE EXISTS (SELECT FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < "
            + "l_receiptdate) GROUP BY 1 ORDER BY 1",
        "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) FROM customer, orders, lineitem, nation WHERE c_custkey = o_custkey AND "
            + "l_orderkey = o_orderkey AND c_nationkey = n_nationkey GROUP BY 1 ORDER BY 1",
        "SELECT count(DISTINCT l_suppkey), max(l_comment) FROM lineitem",
        "SELECT l_orderkey, l_linenumber, l_comment FROM lineitem ORDER BY l_extendedprice DESC, l_orderkey, l_linenumber LIMIT 20",
    ];
}
