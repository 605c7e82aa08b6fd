using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Statements;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// Which version FOR VERSION, FOR TIMESTAMP and their kin mean: an expression without columns that is computed before the statement is
/// bound. Used by the session's thread.
/// </summary>
internal sealed class TableVersions(QuerySession session, SessionServices services)
{
    /// <summary>The values of the parameters of the execution for which a statement is bound; null while it is only analysed.</summary>
    public EquatableArray<object?>? Arguments { get; private set; }

    /// <summary>Binds something for the parameters of an execution.</summary>
    public async ValueTask<T> UseAsync<T>(EquatableArray<object?>? arguments, Func<ValueTask<T>> bindAsync)
    {
        var before = Arguments;
        Arguments = arguments;
        try
        {
            return await bindAsync();
        }
        finally
        {
            Arguments = before;
        }
    }

    /// <summary>The version that a name says; null for none, and while the parameters that say it have no values.</summary>
    public async ValueTask<TableVersion?> OfAsync(TableName name, IReadOnlyList<SqlType?> declared, CancellationToken cancellationToken)
    {
        if ((name.Version ?? name.Timestamp) is not { } point) return null;
        if (Arguments is null && declared.Count > 0 && HasParameters(point)) return null;
        return await ComputeAsync(point, name.Version is null ? SqlType.Timestamptz : null, declared, cancellationToken);
    }

    /// <summary>The version that a value means. Raises 22004 for NULL.</summary>
    public async ValueTask<TableVersion> ComputeAsync(Expression point, SqlType? target, IReadOnlyList<SqlType?> declared,
        CancellationToken cancellationToken)
    {
        var execution = session.Execution(Arguments ?? []);
        var bound = PlanRewriter.Rewrite(
            Binder.BindScalar(point, target, session.Nameless with { ParameterTypes = declared }),
            item => QueryPlanner.Substitute(item, execution));
        var value = bound is Constant constant ? constant.Value
            : (await Constants.ComputeAsync(session, services, [bound], cancellationToken))[0];
        return value switch
        {
            null => throw new SqlException(SqlState.NullValueNotAllowed, "the version of a table must not be null")
                { Position = point.Span.Position },
            PgTimestamp instant when bound.Type.HasSameBase(SqlType.Timestamptz) => new TableVersion.AsOf(instant.Microseconds),
            string text => new TableVersion.Named(text),
            short or int or long => new TableVersion.Named(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!),
            _ => throw new SqlException(SqlState.DatatypeMismatch, $"the version of a table must be a number or a name, not {bound.Type}")
                { Position = point.Span.Position },
        };
    }

    /// <summary>Parameters that say versions are texts and times, where nobody has said otherwise; null as given.</summary>
    public static IReadOnlyList<SqlType?>? Declare(IReadOnlyList<TableName> names, IReadOnlyList<SqlType?>? declared)
    {
        if (declared is null) return null;
        List<SqlType?>? types = null;
        foreach (var name in names)
        {
            if ((name.Version ?? name.Timestamp) is not ParameterReference { Number: >= 1 and <= ushort.MaxValue } parameter) continue;
            types ??= [.. declared];
            while (types.Count < parameter.Number) types.Add(null);
            types[parameter.Number - 1] ??= name.Version is null ? SqlType.Timestamptz : SqlType.Text;
        }

        return types ?? declared;
    }

    /// <summary>Whether the version that a name says may be another one at the next execution.</summary>
    public static bool MayMove(TableName name) =>
        name.Changes.Count > 0 ? TableChanges.MayMove(name)
            : (name.Version ?? name.Timestamp) is { } point && point is not (StringLiteral or NumberLiteral);

    private static bool HasParameters(SyntaxNode node) =>
        node is ParameterReference || SyntaxTree.Children(node).Any(HasParameters);
}
