using Federation.Arrow;
using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Worker;

/// <summary>The rows of an <see cref="InlineRows"/> input as batches.</summary>
internal static class InlineSource
{
    private const int RowsPerBatch = 16384;

    public static async IAsyncEnumerable<Batch> ReadAsync(InlineRows input)
    {
        using var builder =
            new BatchBuilder(new BatchSchema(input.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray()));
        for (var row = 0; row < input.Rows.Count; row++)
        {
            for (var i = 0; i < builder.Columns.Length; i++) builder.Columns[i].AppendValue(input.Rows[row][i]);
            builder.EndRow();
            if (builder.RowCount == RowsPerBatch) yield return builder.Build();
        }

        if (builder.RowCount > 0) yield return builder.Build();
        await Task.CompletedTask;
    }
}
