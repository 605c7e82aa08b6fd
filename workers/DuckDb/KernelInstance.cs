using System.Globalization;
using System.Runtime.InteropServices;
using Federation.Core.Errors;

namespace Federation.DuckDb;

/// <summary>
/// An in-memory kernel, confined to the folders of its options before any statement of a task runs. Thread-safe; statements run on
/// connections. Opening one takes some 25 ms. Dispose it after its connections.
/// </summary>
public sealed unsafe class KernelInstance : IDisposable
{
    /// <summary>The time zone of new connections.</summary>
    public const string DefaultTimeZone = "UTC";

    private readonly DatabaseHandle _database;

    private KernelInstance(DatabaseHandle database, KernelOptions options)
    {
        _database = database;
        Options = options;
    }

    public KernelOptions Options { get; }

    /// <summary>The relations that <c>pages(handle)</c> reads.</summary>
    public PageInputs Pages { get; } = new();

    internal RunningStatements Statements { get; } = new();

    public static string LibraryVersion => KernelTypes.BorrowString(NativeMethods.duckdb_library_version());

    public static KernelInstance Open(KernelOptions options)
    {
        Directory.CreateDirectory(options.SpillDirectory);
        var instance = new KernelInstance(OpenDatabase(options), options);
        try
        {
            using var connection = instance.Connect();
            PagesFunction.Register(connection.Handle, instance.Pages);
            var scalars = options.ScalarFunctions.Concat(BorrowedValues.Functions);
            foreach (var group in scalars.GroupBy(function => function.Name, StringComparer.Ordinal))
                ScalarFunctionHost.Register(connection.Handle, group.Key, [.. group], instance.Statements);
            foreach (var function in options.AggregateFunctions) AggregateFunctionHost.Register(connection.Handle, function);
            Confine(connection, options);
            return instance;
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    /// <summary>A connection runs one statement at a time; another statement on it ends the stream of the first.</summary>
    public KernelConnection Connect()
    {
        if (NativeMethods.duckdb_connect(_database, out var connection) != 0)
            throw new SqlException(SqlState.InternalError, "the kernel refused a connection");
        return new KernelConnection(new ConnectionHandle(connection), Statements);
    }

    public void Dispose() => _database.Dispose();

    /// <summary>
    /// Passes that are off: <c>window_self_join</c> turns aggregates over partitions into a join of the input with itself, and a page input
    /// can be read once; <c>join_elimination</c> (1.5.6) drops a LEFT JOIN whose right side repeats its keys through unnest. See
    /// docs/kernel-workarounds.md.
    /// </summary>
    private static readonly string[] s_disabledPasses = ["window_self_join", "join_elimination"];

    private static DatabaseHandle OpenDatabase(KernelOptions options)
    {
        if (NativeMethods.duckdb_create_config(out var config) != 0)
            throw new SqlException(SqlState.OutOfMemory, "out of memory");
        try
        {
            // Order preservation would make everything above a page input run on one thread; ordered fragments say ORDER BY.
            Set(config, "preserve_insertion_order", "false");
            Set(config, "threads", options.Threads.ToString(CultureInfo.InvariantCulture));
            Set(config, "memory_limit", options.MemoryLimitBytes.ToString(CultureInfo.InvariantCulture) + "B");
            Set(config, "temp_directory", options.SpillDirectory);
            Set(config, "default_null_order", "postgres");
            Set(config, "errors_as_json", "true");
            Set(config, "autoinstall_known_extensions", "false");
            Set(config, "autoload_known_extensions", "false");
            Set(config, "allow_community_extensions", "false");
            byte* error = null;
            if (NativeMethods.duckdb_open_ext(":memory:", out var database, config, out error) != 0)
                throw KernelErrors.ToException(KernelTypes.TakeString(error), 0);
            return new DatabaseHandle(database);
        }
        finally
        {
            NativeMethods.duckdb_destroy_config(ref config);
        }
    }

    private static void Set(nint config, string name, string value)
    {
        if (NativeMethods.duckdb_set_config(config, name, value) != 0)
            throw new SqlException(SqlState.InternalError, $"the kernel refused {name} = {value}");
    }

    // The order matters: the lists cannot be changed once external access is off.
    private static void Confine(KernelConnection connection, KernelOptions options)
    {
        // The kernel shows this option when it is given while opening, but does not heed it.
        connection.Execute($"SET GLOBAL max_temp_directory_size = '{options.SpillLimitBytes.ToString(CultureInfo.InvariantCulture)}B'");
        connection.Execute($"SET GLOBAL TimeZone = '{DefaultTimeZone}'");
        connection.Execute("SET GLOBAL integer_division = false");
        // Geometries in Parquet files are what they are there: bytes.
        connection.Execute("SET GLOBAL enable_geoparquet_conversion = false");
        connection.Execute("SET GLOBAL ieee_floating_point_ops = false");

        // Its parser gives up at some 2,500 parentheses; of 5,000 terms its own threads (8 MB of stack) bind, copy and run expressions.
        connection.Execute("SET GLOBAL max_expression_depth = 4000");
        // Without the final slash a directory is no prefix of the paths in it.
        var directories = options.AllowedDirectories.Select(directory => SqlText.Literal(directory.TrimEnd('/') + "/"));
        connection.Execute($"SET GLOBAL allowed_directories = [{string.Join(", ", directories)}]");
        string[] disabled = [.. options.EnablesAllPasses ? [] : s_disabledPasses,
            .. options.DisabledOptimizers.Split(',', StringSplitOptions.RemoveEmptyEntries)];
        connection.Execute($"SET GLOBAL disabled_optimizers = {SqlText.Literal(string.Join(",", disabled))}");
        connection.Execute("SET GLOBAL allowed_configs = ['TimeZone', 'enable_caching_operators']");
        connection.Execute("SET GLOBAL enable_external_access = false");
        connection.Execute("SET GLOBAL lock_configuration = true");
    }
}
