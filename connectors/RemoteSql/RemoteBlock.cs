using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// A SELECT that is being written: later clauses still may be added. Its columns are expressions over what stands in FROM, or over its
/// groups.
/// </summary>
internal sealed class RemoteBlock(string from)
{
    public string From { get; set; } = from;

    /// <summary>FROM has more than one table.</summary>
    public bool IsJoin { get; set; }

    public Dictionary<string, RemoteExpression> Columns { get; } = new(StringComparer.Ordinal);

    public List<string> Where { get; } = [];

    public bool IsGrouped { get; set; }

    public List<string> GroupBy { get; } = [];

    public List<string> Having { get; } = [];

    public List<string> OrderBy { get; } = [];

    public long? Limit { get; set; }

    public long Offset { get; set; }

    public bool IsLimited => Limit is not null || Offset > 0 || OrderBy.Count > 0;

    public RemoteExpression? Find(string column) => Columns.TryGetValue(column, out var found) ? found : null;

    public RemoteSelect ToSelect(IEnumerable<string> columns) => new(columns.ToEquatableArray(), From)
    {
        Where = Where.ToEquatableArray(),
        GroupBy = GroupBy.ToEquatableArray(),
        Having = Having.ToEquatableArray(),
        OrderBy = OrderBy.ToEquatableArray(),
        Limit = Limit,
        Offset = Offset,
    };
}
