using System.Collections.Frozen;
using Federation.Core.Execution;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Functions;

/// <summary>
/// Functions that read the system catalogs, written in SQL and put in the place of their calls, as PostgreSQL does with functions of one
/// SQL expression. Read once from the embedded table, immutable and shared.
/// <para>
/// A line is <c>name(types)</c>, a tab, and an expression in which <c>argument.a1</c>, <c>argument.a2</c>, … are the arguments. Tables
/// stand with their schema. A line counts only for calls that the session does not answer itself, see <see cref="YieldsToSession"/>.
/// </para>
/// </summary>
public static class SqlFunctions
{
    /// <summary>The alias by which a body names its arguments.</summary>
    public const string ArgumentAlias = "argument";

    private static readonly FrozenDictionary<string, Expression> s_bodies = Read();

    private static readonly FrozenDictionary<string, Expression[]> s_byName = s_bodies
        .GroupBy(item => item.Key[(item.Key.IndexOf('.', StringComparison.Ordinal) + 1)..item.Key.IndexOf('(', StringComparison.Ordinal)],
            item => item.Value)
        .ToFrozenDictionary(group => group.Key, group => group.ToArray());

    /// <summary>The statement that happens to come first may be cancelled meanwhile; what is read here is for all of them.</summary>
    private static FrozenDictionary<string, Expression> Read()
    {
        using var scope = StatementGuard.Enter(CancellationToken.None);
        return EmbeddedTable.Texts("sql_functions.tsv").ToFrozenDictionary(item => item.Key, item => SqlParser.ParseExpression(item.Value),
            StringComparer.Ordinal);
    }

    /// <summary>The signatures that the table holds.</summary>
    public static IEnumerable<string> Keys => s_bodies.Keys;

    /// <summary>The body of a function, or null when it has none here.</summary>
    public static Expression? Find(FunctionEntry function) => s_bodies.GetValueOrDefault(function.Signature);

    /// <summary>The bodies of all functions of a name: what has to be loaded before it is known which of them is called.</summary>
    public static IReadOnlyList<Expression> Named(string name) => s_byName.GetValueOrDefault(name) ?? [];

    /// <summary>The body of the output function of a reg type, such as regclass; null for all other types.</summary>
    public static Expression? OutputOf(string type) => s_bodies.GetValueOrDefault($"{type}out({type})");

    /// <summary>
    /// The body that gives the OID of a reg type's object by its name, for names that come from rows; null for all other types.
    /// </summary>
    public static Expression? InputOf(string type) => s_bodies.GetValueOrDefault($"{type}in(cstring)");

    /// <summary>Constants are known before the query runs, and then the session's own answer has PostgreSQL's errors.</summary>
    public static bool YieldsToSession(string name) => name == "current_setting";
}
