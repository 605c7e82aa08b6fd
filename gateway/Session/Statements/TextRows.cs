using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.Session.Statements;

/// <summary>Small results made here: SHOW, EXPLAIN.</summary>
internal static class TextRows
{
    public static Batch Build(EquatableArray<ResultField> fields, IEnumerable<object?[]> rows)
    {
        using var builder = new BatchBuilder(new BatchSchema(fields.Select(field => new Field(field.Name, field.Type)).ToEquatableArray()));
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++) builder.Columns[i].AppendValue(row[i]);
            builder.EndRow();
        }

        return builder.Build();
    }

#pragma warning disable CS1998 // The rows are there at once; the portal wants a stream.
    public static async IAsyncEnumerable<Batch> StreamAsync(EquatableArray<ResultField> fields, IEnumerable<object?[]> rows)
    {
        yield return Build(fields, rows);
    }
#pragma warning restore CS1998
}
