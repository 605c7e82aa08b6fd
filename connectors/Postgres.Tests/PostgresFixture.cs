using Federation.CompatTests.Harness;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>One server for all tests of the assembly.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PostgresServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>A connector to the server; further options override its own.</summary>
    public IConnector Connect(params (string Name, string Value)[] options)
    {
        var merged = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = "127.0.0.1",
            ["port"] = Server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["dbname"] = "postgres",
            ["user"] = "postgres",
        };
        foreach (var (name, value) in options) merged[name] = value;
        return new PostgresConnectorFactory().Create(new ConnectorDefinition("pg", PostgresConnectorFactory.DefaultName, merged));
    }
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>
{
    public const string Name = "postgres";
}

internal static class ConnectorExtensions
{
    public static async Task<ConnectorTable> FindAsync(this IConnector connector, string table, string schema = "public") =>
        await ((IConnectorMetadata)connector).FindTableAsync(schema, table, null, CancellationToken.None)
            ?? throw new SqlException(SqlState.UndefinedTable, $"no table {table}");

    public static async Task<ScanPlan> PlanAsync(this IConnector connector, ITableHandle handle, params string[] columns) =>
        await ((IScanPlanner)connector).PlanScanAsync(handle, [.. columns], "t", CancellationToken.None);

    /// <summary>The table read as one of few rows: by a prepared statement.</summary>
    public static ITableHandle Few(this IConnector connector, ITableHandle handle) => ((ILimitPushdown)connector).PushLimit(handle, 1000)!;

    /// <summary>The rows as text by our own output functions; NULL is null.</summary>
    public static async Task<List<string?[]>> ReadAsync(
        this IConnector connector, ITableHandle handle, string[] columns, CancellationToken cancellationToken = default)
    {
        var plan = await connector.PlanAsync(handle, columns);
        var split = (Core.Tasks.ConnectorSplit)Assert.Single(plan.Splits);
        var rows = new List<string?[]>();
        await foreach (var batch in ((IPageSource)connector).ReadAsync(split, cancellationToken))
        {
            using (batch)
            {
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add([.. batch.Columns.Select(column => ColumnText.Format(column, row))]);
            }
        }

        return rows;
    }

    public static async Task<List<string?[]>> ReadTableAsync(this IConnector connector, string table)
    {
        var found = await connector.FindAsync(table);
        return await connector.ReadAsync(found.Handle, [.. found.Columns.Select(column => column.Name)]);
    }
}
