using Federation.Planner.Binding;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>An analysed statement: its syntax, and for queries the plan bound against one catalog version.</summary>
internal sealed class PreparedStatement(string text, Statement? syntax) : IPreparedStatement
{
    /// <summary>The whole query string that positions count from.</summary>
    public string Text { get; } = text;

    /// <summary>Null for an empty query.</summary>
    public Statement? Syntax { get; } = syntax;

    /// <summary>Types declared by the client, kept for binding again after the catalog changed.</summary>
    public IReadOnlyList<SqlType?> DeclaredTypes { get; init; } = [];

    public EquatableArray<SqlType> ParameterTypes { get; init; }

    public EquatableArray<ResultField>? Fields { get; init; }

    /// <summary>Set for statements that hold a query: SELECT, COPY (query), EXPLAIN, DECLARE.</summary>
    public BoundQuery? Query { get; init; }

    public long CatalogVersion { get; init; }

    public bool IsEmpty => Syntax is null;

    public static EquatableArray<ResultField> FieldsOf(BoundQuery query) => query.Outputs
        .Select(output => new ResultField(output.Name, output.Column.Type, output.TableOid, output.AttributeNumber)).ToEquatableArray();
}
