using System.Text;
using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>One SELECT, in the source's SQL; every part is already written and quoted.</summary>
public sealed record RemoteSelect(EquatableArray<string> Columns, string From)
{
    /// <summary>Conditions that must all be true.</summary>
    public EquatableArray<string> Where { get; init; }

    public EquatableArray<string> GroupBy { get; init; }

    /// <summary>Conditions on groups that must all be true.</summary>
    public EquatableArray<string> Having { get; init; }

    public EquatableArray<string> OrderBy { get; init; }

    public long? Limit { get; init; }

    public long Offset { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder("SELECT ").AppendJoin(", ", Columns).Append(" FROM ").Append(From);
        if (Where.Count > 0) text.Append(" WHERE ").AppendJoin(" AND ", Where);
        if (GroupBy.Count > 0) text.Append(" GROUP BY ").AppendJoin(", ", GroupBy);
        if (Having.Count > 0) text.Append(" HAVING ").AppendJoin(" AND ", Having);
        if (OrderBy.Count > 0) text.Append(" ORDER BY ").AppendJoin(", ", OrderBy);
        if (Limit is { } limit) text.Append(" LIMIT ").Append(limit);
        if (Offset > 0) text.Append(" OFFSET ").Append(Offset);
        return text.ToString();
    }
}
