using System.Text;
using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>One SELECT over one table, in the source's SQL; every part is already written and quoted.</summary>
public sealed record RemoteSelect(EquatableArray<string> Columns, string From)
{
    /// <summary>Conditions that must all be true.</summary>
    public EquatableArray<string> Where { get; init; }

    public long? Limit { get; init; }

    public override string ToString()
    {
        var text = new StringBuilder("SELECT ").AppendJoin(", ", Columns).Append(" FROM ").Append(From);
        if (Where.Count > 0) text.Append(" WHERE ").AppendJoin(" AND ", Where);
        if (Limit is { } limit) text.Append(" LIMIT ").Append(limit);
        return text.ToString();
    }
}
