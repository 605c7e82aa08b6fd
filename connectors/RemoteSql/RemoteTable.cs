using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>A table of a source within a larger query.</summary>
/// <param name="From">What stands in FROM, quoted, without a name after AS.</param>
/// <param name="Columns">Their expressions begin with the column's quoted name, so that the table's can stand in front.</param>
/// <param name="Filters">Conditions over the source's column names that must all be true.</param>
/// <param name="Limit">At most this many rows; null for all.</param>
public sealed record RemoteTable(
    string From, string Name, EquatableArray<RemoteColumn> Columns, EquatableArray<ConnectorExpression> Filters, long? Limit)
{
    public RemoteColumn? Find(string name) => Columns.FirstOrDefault(column => column.Name == name);
}
