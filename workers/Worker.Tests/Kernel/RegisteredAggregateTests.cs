using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Core.Types;
using Federation.DuckDb;
using Federation.Worker.Functions;

namespace Federation.Worker.Tests.Kernel;

/// <summary>
/// How the kernel calls aggregates that are registered with it, and that every one gives right answers as a window in the frames that the
/// planner writes for it (WindowFrames in the planner).
/// </summary>
public sealed unsafe class RegisteredAggregateTests : KernelFixture
{
    private static readonly Microsoft.Win32.SafeHandles.SafeFileHandle s_memory = File.OpenHandle("/proc/self/mem");

    private static bool s_sawForeignMemory;

    protected override KernelOptions Options =>
        base.Options with { ScalarFunctions = FunctionCatalog.Scalars, AggregateFunctions = FunctionCatalog.Aggregates };

    public static TheoryData<string> Names => new(FunctionCatalog.Aggregates.Select(aggregate => aggregate.Name));

    /// <summary>
    /// When this fails the kernel hands over an array of states for whole partitions: the frames of WindowFrames are no longer needed for
    /// them.
    /// </summary>
    [Fact]
    public void The_kernel_still_gives_one_state_for_a_whole_partition()
    {
        RegisterProbe();
        s_sawForeignMemory = false;
        Rows("SELECT probe(i) OVER () FROM range(10) t(i)");
        Assert.True(s_sawForeignMemory);
    }

    [Theory]
    [InlineData("ROWS BETWEEN UNBOUNDED PRECEDING AND 1125899906842624 FOLLOWING")]
    [InlineData("PARTITION BY i % 3 ROWS BETWEEN UNBOUNDED PRECEDING AND 1125899906842624 FOLLOWING")]
    [InlineData("ROWS UNBOUNDED PRECEDING")]
    [InlineData("ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")]
    [InlineData("ROWS CURRENT ROW")]
    [InlineData("ORDER BY i")]
    [InlineData("ORDER BY 'same'")]
    [InlineData("ORDER BY NULL::INTEGER")]
    [InlineData("ORDER BY i - i")]
    [InlineData("PARTITION BY i % 3 ORDER BY i % 3")]
    [InlineData("PARTITION BY 1 ORDER BY 2")]
    [InlineData("ORDER BY i GROUPS CURRENT ROW")]
    [InlineData("ORDER BY 1 GROUPS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")]
    [InlineData("ORDER BY 1 RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")]
    [InlineData("RANGE UNBOUNDED PRECEDING EXCLUDE CURRENT ROW")]
    [InlineData("ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES")]
    public void Other_frames_give_a_state_for_each_row(string over)
    {
        RegisterProbe();
        s_sawForeignMemory = false;
        Rows($"SELECT probe(i) OVER ({over}) FROM range(10000) t(i)");
        Assert.False(s_sawForeignMemory);
    }

    [Theory]
    [InlineData("SELECT probe(i) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(1) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(i) FILTER (WHERE i % 2 = 0) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(DISTINCT i % 10) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(i) FROM range(10000) t(i) GROUP BY i % 7")]
    [InlineData("SELECT probe(i) FROM range(10000) t(i) GROUP BY (i % 7)::UTINYINT")]
    [InlineData("SELECT probe(i) FROM range(10000) t(i) GROUP BY i")]
    [InlineData("SELECT probe(i) FROM range(10000) t(i) GROUP BY 'same'")]
    [InlineData("SELECT probe(i) FROM (SELECT i, 'same' AS k FROM range(10000) t(i)) GROUP BY k")]
    [InlineData("SELECT probe(DISTINCT i % 10), probe(i) FROM range(10000) t(i) GROUP BY i % 7")]
    [InlineData("SELECT probe(i) FROM range(10000) t(i) GROUP BY GROUPING SETS ((i % 3), (i % 5), ())")]
    [InlineData("SELECT (SELECT probe(j) FROM range(100) u(j) WHERE j < i) FROM range(50) t(i)")]
    [InlineData("SELECT probe(42) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 0 FOLLOWING EXCLUDE GROUP) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(i) FILTER (WHERE i % 2 = 0) OVER (ORDER BY i) FROM range(10000) t(i)")]
    [InlineData("SELECT probe(k) OVER (ORDER BY k) FROM (SELECT 5 AS k FROM range(10000))")]
    public void Other_places_give_a_state_for_each_row(string sql)
    {
        RegisterProbe();
        s_sawForeignMemory = false;
        Rows(sql);
        Assert.False(s_sawForeignMemory);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_aggregate_is_right_over_whole_partitions(string name)
    {
        var aggregate = FunctionCatalog.Aggregates.Single(aggregate => aggregate.Name == name);
        // Small whole numbers, so that sums of doubles are exact in any order.
        var arguments =
            string.Join(", ",
                aggregate.Parameters
                    .Select((type, i) => $"CAST(CASE WHEN i % 11 = {i} THEN NULL ELSE i % {16 << i} END AS {type.KernelName})"));
        foreach (var filter in (string[])["", " FILTER (WHERE i % 5 <> 0)"])
        {
            var plain = Rows($"SELECT i % 3, {name}({arguments}){filter} FROM range(5000) t(i) GROUP BY 1 ORDER BY 1");
            var windows =
                Rows(
                    $"SELECT DISTINCT i % 3 AS k, {name}({arguments}){filter} OVER (PARTITION BY i % 3 ROWS BETWEEN UNBOUNDED PRECEDING "
                        + "AND 1125899906842624 FOLLOWING) FROM range(5000) t(i) ORDER BY k");
            Assert.Equal(3, windows.Count);
            foreach (var (expected, actual) in plain.Zip(windows)) AssertClose(expected, actual);
        }
    }

    private static void AssertClose(string expected, string actual)
    {
        var (a, b) = (expected.Split('|'), actual.Split('|'));
        Assert.Equal(a[0], b[0]);
        if (a[1] == b[1]) return;
        Assert.Equal(double.Parse(a[1], System.Globalization.CultureInfo.InvariantCulture),
            double.Parse(b[1], System.Globalization.CultureInfo.InvariantCulture), 1e-9);
    }

    /// <summary>
    /// An aggregate that looks at the array of states without following what stands there. Its states begin with a mark in the pointer's
    /// own place, so that a group's state is known again.
    /// </summary>
    private void RegisterProbe()
    {
        using var connection = Kernel.Connect();
        var function = NativeMethods.duckdb_create_aggregate_function();
        NativeMethods.duckdb_aggregate_function_set_name(function, "probe");
        using var type = KernelTypes.Create(SqlType.Int8);
        NativeMethods.duckdb_aggregate_function_add_parameter(function, type);
        NativeMethods.duckdb_aggregate_function_set_return_type(function, type);
        NativeMethods.duckdb_aggregate_function_set_functions(function, &StateSize, &Initialise, &Update, &Combine, &Finish);
        Assert.Equal(0, NativeMethods.duckdb_register_aggregate_function(connection.Handle, function));
        NativeMethods.duckdb_destroy_aggregate_function(ref function);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static ulong StateSize(nint info) => (ulong)sizeof(nint);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Initialise(nint info, nint* state) => *state = Mark;

    private const nint Mark = 0x5EED;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Update(nint info, nint input, nint** states)
    {
        var rows = (int)NativeMethods.duckdb_data_chunk_get_size(input);
        for (var i = 0; i < rows; i++)
            if (!IsState((nint)states[i], (nint)states[0]))
                s_sawForeignMemory = true;
    }

    /// <summary>What follows a lone pointer is a small number, zero, or an address of something else.</summary>
    private static bool IsState(nint state, nint first)
    {
        if (state == first) return true;
        if (state <= 0 || state % sizeof(nint) != 0) return false;

        // Reading through the file system fails for an address without memory, where reading it here would end the process.
        Span<byte> value = stackalloc byte[sizeof(nint)];
        try
        {
            return RandomAccess.Read(s_memory, value, state) == sizeof(nint) && MemoryMarshal.Read<nint>(value) == Mark;
        }
        catch (IOException)
        {
            return false;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Combine(nint info, nint** sources, nint** targets, ulong count)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Finish(nint info, nint** states, nint result, ulong count, ulong offset)
    {
        var values = (long*)NativeMethods.duckdb_vector_get_data(result);
        for (ulong i = 0; i < count; i++) values[offset + i] = 0;
    }
}
