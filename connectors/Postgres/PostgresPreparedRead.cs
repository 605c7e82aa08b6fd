using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres;

/// <summary>A scan whose statement is run with other values each time.</summary>
internal sealed class PostgresPreparedRead(PostgresReading reading, PostgresScan scan, BatchSchema schema,
    EquatableArray<SqlType> parameterTypes) : IPreparedRead
{
    private readonly GuardedScan _scan = new(scan);

    public IAsyncEnumerable<Batch>? TryReadAsync(EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        if (!reading.GivesFew(scan)) return null;
        var values = scan.Values;
        if (scan.Open.Length > 0)
        {
            values = [.. values];
            foreach (var (place, number) in scan.Open)
            {
                if (PostgresDialect.Instance.Value(parameters[number - 1], parameterTypes[number - 1]) is not { } value) return null;
                values[place] = value.Text;
            }
        }

        return reading.ReadAsync(_scan, schema, values, cancellationToken);
    }
}
