using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>A column that a name may mean.</summary>
/// <param name="Value">Usually a reference; for merged columns of a full join the coalesce of both sides.</param>
public sealed record ScopeColumn(string Name, Expr Value)
{
    public Oid TableOid { get; init; }

    public short AttributeNumber { get; init; }

    /// <summary>A column that every table has and * leaves out.</summary>
    public bool IsSystem { get; init; }

    /// <summary>* leaves it out.</summary>
    public bool IsHidden => IsSystem || (Name.Length > 0 && Name[0] == SearchColumns.HiddenMark);
}

/// <summary>A table of FROM by its alias, with its columns in order.</summary>
public sealed record RangeEntry(string? Alias, string? Schema, string? Catalog, IReadOnlyList<ScopeColumn> Columns)
{
    /// <summary>Functions of one scalar column: the alias alone means that column.</summary>
    public bool IsScalarFunction { get; init; }

    /// <summary>The name of a table that has an alias, which hides the name; null for anything else.</summary>
    public string? HiddenName { get; init; }

    /// <summary>Of a table: the fields of its whole row, which column aliases do not rename; null for other entries.</summary>
    public IReadOnlyList<string>? FieldNames { get; init; }

    /// <summary>
    /// NULL in rows that an outer join has made up for this entry, whose whole row is NULL there; null where no join does, or nothing names
    /// the whole row.
    /// </summary>
    public Column? Presence { get; init; }
}

/// <summary>
/// An entry with what of it can be named: the table, its columns without qualification, or (so far) only from LATERAL items.
/// </summary>
public sealed record NamespaceItem(RangeEntry Entry, bool IsTableVisible, bool AreColumnsVisible, bool IsLateralLegal = true);

/// <summary>A common table expression that a FROM item may name.</summary>
public sealed class CteBinding(CteId id, IReadOnlyList<OutputColumn> columns)
{
    public CteId Id { get; } = id;

    public IReadOnlyList<OutputColumn> Columns { get; } = columns;

    /// <summary>A statement without RETURNING, which nothing can be read from.</summary>
    public bool HasNoRows { get; init; }

    /// <summary>True while its own recursive term is being bound.</summary>
    public bool IsOpen { get; init; }
}

/// <summary>A column of a bound query's result.</summary>
public sealed record OutputColumn(string Name, Column Column)
{
    public Oid TableOid { get; init; }

    public short AttributeNumber { get; init; }
}

/// <summary>The names that one query level sees; the parent is the query around it.</summary>
public sealed class BindScope(BindScope? parent)
{
    private readonly Dictionary<string, CteBinding> _ctes = new(StringComparer.Ordinal);

    public BindScope? Parent { get; } = parent;

    public List<NamespaceItem> Items { get; set; } = [];

    /// <summary>Items of FROM that are not visible where names are looked up now, for errors that say so.</summary>
    public List<NamespaceItem> Hidden { get; set; } = [];

    /// <summary>Windows of the WINDOW clause.</summary>
    public Dictionary<string, WindowDefinition> Windows { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// The clause in which the subquery stands that is being bound; it says whether aggregates of this level may stand there.
    /// </summary>
    internal ExpressionContext Clause { get; set; } = ExpressionContext.FromQuery;

    /// <summary>Aggregates of this level that stand in subqueries, with the columns that stand for them there.</summary>
    public List<Assignment> OuterAggregates { get; } = [];

    /// <summary>FROM names the recursive query that is being bound.</summary>
    public bool HasRecursiveReference { get; set; }

    public void AddCte(string name, CteBinding cte) => _ctes[name] = cte;

    public CteBinding? FindCte(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
            if (scope._ctes.TryGetValue(name, out var cte))
                return cte;
        return null;
    }
}
