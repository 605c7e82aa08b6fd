using System.Globalization;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.PgWire.Tests.Fakes;

internal sealed record FakeResult(EquatableArray<ResultField> Fields, Func<EquatableArray<object?>, IEnumerable<Batch>> Batches);

/// <summary>
/// Canned results by statement text: <c>rows N</c>, <c>echo TYPE</c> (one parameter, sent back), <c>copy text|csv|binary N</c>, and values
/// registered with <see cref="Add"/>.
/// </summary>
internal sealed class FakeResults
{
    private const int BatchRows = 1000;

    /// <summary>The most that <c>rows</c> and <c>copy</c> give.</summary>
    public int MostRows { get; init; } = int.MaxValue;

    private readonly Dictionary<string, FakeResult> _results = new(StringComparer.Ordinal);

    public void Add(string sql, SqlType type, params object?[] values) =>
        Add(sql, [("value", type)], values.Select(value => new[] { value }).ToArray());

    public void Add(string sql, (string Name, SqlType Type)[] columns, object?[][] rows) =>
        _results[sql] = new FakeResult(Fields(columns), _ => [Build(columns, rows)]);

    public FakeResult? Find(string sql)
    {
        if (_results.TryGetValue(sql, out var known)) return known;
        var words = sql.Split(' ');
        return words[0] switch
        {
            "rows" or "copy" => Series(CountOf(words[^1])),
            "echo" => Echo(TypeOf(words[1])),
            _ => null,
        };
    }

    public CopyOut? FindCopy(string sql)
    {
        var words = sql.Split(' ');
        if (words[0] != "copy") return null;
        if (!Enum.TryParse<CopyFormat>(words[1], ignoreCase: true, out var format) || !Enum.IsDefined(format))
            throw new SqlException(SqlState.SyntaxError, $"\"{words[1]}\" is no format");
        var copy = new CopyOut(Find(sql)!.Fields, format);
        return format == CopyFormat.Csv ? copy with { Delimiter = ',', NullText = "", Header = true } : copy;
    }

    public IEnumerable<SqlType> ParameterTypes(string sql) =>
        sql.StartsWith("echo ", StringComparison.Ordinal) ? [TypeOf(sql.Split(' ')[1])] : [];

    private int CountOf(string word) => int.TryParse(word, CultureInfo.InvariantCulture, out var count) && count >= 0 && count <= MostRows
        ? count
        : throw new SqlException(SqlState.SyntaxError, $"\"{word}\" is no number of rows");

    private static SqlType TypeOf(string name)
    {
        var isArray = name.EndsWith("[]", StringComparison.Ordinal);
        var type = PgTypes.Find(isArray ? name[..^2] : name)
            ?? throw new SqlException(SqlState.UndefinedObject, $"type \"{name}\" does not exist");
        return isArray ? SqlType.Array(new SqlType(type)) : new SqlType(type);
    }

    private static FakeResult Echo(SqlType type)
    {
        (string Name, SqlType Type)[] columns = [("value", type)];
        return new FakeResult(Fields(columns), parameters => [Build(columns, [[parameters[0]]])]);
    }

    private static FakeResult Series(int count)
    {
        (string Name, SqlType Type)[] columns = [("n", SqlType.Int4), ("text", SqlType.Text)];
        return new FakeResult(Fields(columns), _ => Batches());

        IEnumerable<Batch> Batches()
        {
            for (var start = 1; start <= count; start += BatchRows)
            {
                var rows = Enumerable.Range(start, Math.Min(BatchRows, count - start + 1));
                yield return Build(columns, rows.Select(n => new object?[] { n, n % 10 == 0 ? null : $"row {n}" }).ToArray());
            }
        }
    }

    private static EquatableArray<ResultField> Fields((string Name, SqlType Type)[] columns) =>
        columns.Select(column => new ResultField(column.Name, column.Type, Oid.None, 0)).ToEquatableArray();

    internal static Batch Build((string Name, SqlType Type)[] columns, object?[][] rows)
    {
        using var builder = new BatchBuilder(
            new BatchSchema(columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray()));
        foreach (var row in rows)
        {
            for (var i = 0; i < columns.Length; i++) ColumnFiller.Append(builder.Columns[i], row[i]);
            builder.EndRow();
        }

        return builder.Build();
    }
}
