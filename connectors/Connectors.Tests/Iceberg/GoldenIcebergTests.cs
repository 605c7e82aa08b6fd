using System.Globalization;
using System.Text.Json;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Xunit.Abstractions;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>Every Iceberg table of the golden folder through the worker: its rows, or the error that its index states.</summary>
public sealed class GoldenIcebergTests(ITestOutputHelper output) : ScanFixture
{
    /// <summary>Tables that must be refused, or whose data files are remote and never were there, with the state of the error.</summary>
    private static readonly Dictionary<string, SqlState> s_refused = new(StringComparer.Ordinal)
    {
        ["iceberg/duckdb-iceberg/legacy_bare_deletion_vector/warehouse/default/legacy_bare_deletion_vector"] = SqlState.FeatureNotSupported,
        ["iceberg/duckdb-iceberg/generated_bounds"] = SqlState.FeatureNotSupported,
    };

    [GoldenFact]
    public async Task Every_table()
    {
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Golden.Path("expected.json")));
        var format = Iceberg(Golden.Folder!);
        var failures = new List<string>();
        var count = 0;
        foreach (var entry in expected.RootElement.EnumerateArray().Where(entry => entry.GetProperty("format").GetString() == "iceberg"))
        {
            count++;
            var path = entry.GetProperty("path").GetString()!;
            try
            {
                if (await CheckAsync(format, entry, path) is { } problem) failures.Add($"{path}: {problem}");
            }
            catch (SqlException error)
            {
                failures.Add($"{path}: {error.State} {error.Message}");
            }
        }

        var summary = $"golden iceberg: {count - failures.Count} of {count}";
        output.WriteLine(summary);
        Console.WriteLine(summary);
        Assert.True(failures.Count == 0, string.Join('\n', failures.Prepend(summary)));
    }

    [GoldenFact]
    public async Task Pointers_name_the_newest_metadata()
    {
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Golden.Path("expected.json")));
        var format = Iceberg(Golden.Folder!);
        foreach (var entry in expected.RootElement.EnumerateArray().Where(entry => entry.GetProperty("format").GetString() == "iceberg"))
        {
            var pointer = await format.InspectAsync(Golden.Path(entry.GetProperty("path").GetString()!), default);
            Assert.NotNull(pointer);
            var metadata = Golden.Path(entry.GetProperty("metadata").GetString()!);
            // This one table's current file is the one without a number.
            if (!metadata.EndsWith("vfinal.metadata.json", StringComparison.Ordinal))
                Assert.Equal(metadata, Path.Combine(pointer.Location, pointer.Metadata));
        }
    }

    private async Task<string?> CheckAsync(IcebergFormat format, JsonElement entry, string path)
    {
        var pointer = await format.InspectAsync(Golden.Path(entry.GetProperty("metadata").GetString()!), default);
        if (pointer is null) return "not recognised";
        var table = await format.LoadAsync(pointer, null, default);
        var rows = entry.GetProperty("rows").GetInt64();
        if (table.IsRowCountExact && table.EstimatedRows != rows) return $"counted {table.EstimatedRows} rows instead of {rows}";
        if (s_refused.TryGetValue(path, out var state))
        {
            var error = await Assert.ThrowsAsync<SqlException>(() => PlanAsync(format, table));
            return error.State == state ? null : $"{error.State} {error.Message}";
        }

        var actual = await RowsAsync(await PlanAsync(format, table));
        if (actual.Count != rows) return $"{actual.Count} rows instead of {rows}";
        if (!entry.TryGetProperty("content", out var content)) return null;
        var stated = content.EnumerateArray().Select(row => string.Join('|', row.EnumerateArray().Select(Text)))
            .Order(StringComparer.Ordinal).ToList();
        return actual.SequenceEqual(stated) ? null : $"rows {string.Join("; ", actual)} instead of {string.Join("; ", stated)}";
    }

    private static Task<ScanPlan> PlanAsync(IcebergFormat format, ConnectorTable table) =>
        format.PlanScanAsync(table.Handle, table.Columns.Select(column => column.Name).ToEquatableArray(), "t", default).AsTask();

    private static string Text(JsonElement cell) => cell.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.True => "t",
        JsonValueKind.False => "f",
        JsonValueKind.Number => cell.GetInt64().ToString(CultureInfo.InvariantCulture),
        _ => cell.GetString()!,
    };
}
