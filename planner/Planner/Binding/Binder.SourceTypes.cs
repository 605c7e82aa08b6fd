using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Types of attached servers: what they are called, and what cannot be done with them here.</summary>
public sealed partial class Binder
{
    /// <summary>
    /// A value whose type only its server can compare is carried, but takes part in no comparison, sorting or grouping: the order of its
    /// spelling is another.
    /// </summary>
    private static void RequireComparable(SqlType type, SourceSpan span)
    {
        var isOpaque = type.Base.Source is { IsComparable: false };
        if (!isOpaque && type.Base != PgTypes.Tsvector && type.Base != PgTypes.Tsquery) return;
        throw new SqlException(SqlState.FeatureNotSupported, $"values of type {type} cannot be compared here")
        {
            Position = span == default ? 0 : span.Position,
            Detail = isOpaque ? $"The type belongs to server \"{type.Base.Source!.Server}\", and only its text is known here." : null,
            Hint = "Cast the value to text, or to a type that can be compared.",
        };
    }

    /// <summary>Only the server can check what its domains, composites and the like take.</summary>
    private static void RequireInput(SqlType target, SourceSpan span)
    {
        if (target.Base.Source is not { Kind: not 'e' } source) return;
        throw new SqlException(SqlState.FeatureNotSupported, $"casts to type {target} are not supported")
        {
            Position = span.Position,
            Detail = $"The type belongs to server \"{source.Server}\", which alone knows what values it takes.",
        };
    }

    /// <summary>A field of a composite, read from the composite's text.</summary>
    private Expr FieldOfSourceType(Expr operand, FieldExpression field)
    {
        var source = operand.Type.Base.Source!;
        for (var i = 0; i < source.Fields.Count; i++)
        {
            if (source.Fields[i].Name != field.Field) continue;
            var type = source.Fields[i].Type;
            if (type.IsUnknown)
            {
                throw new SqlException(SqlState.FeatureNotSupported,
                    $"column notation .{field.Field} applied to type {operand.Type} is not supported")
                {
                    Position = field.Span.Position,
                    Detail = $"The field's type belongs to server \"{source.Server}\".",
                };
            }

            var text = new Call(_catalog.Function("pg_federation.record_field", SqlType.Text, SqlType.Int4),
                [operand, new Constant(i, SqlType.Int4)], SqlType.Text);
            return type.HasSameBase(SqlType.Text) ? text : Coerce(text, type, CastContext.Explicit, field.Span);
        }

        throw new SqlException(SqlState.UndefinedColumn, $"column \"{field.Field}\" not found in data type {operand.Type}")
            { Position = field.Operand.Span.Position };
    }

    /// <summary>
    /// The domains that columns of tables are declared with, by the columns' identities: to all but pg_typeof they are what the domains are
    /// over.
    /// </summary>
    private readonly Dictionary<int, PgType> _domains = [];

    private void PassDomain(Expr from, Column to)
    {
        if (from is ColumnRef { Column: var column } && _domains.TryGetValue(column.Id, out var domain)) _domains[to.Id] = domain;
    }

    /// <summary>The type that pg_typeof names.</summary>
    private Oid DeclaredType(Expr expression) =>
        expression is ColumnRef { Column: var column } && _domains.TryGetValue(column.Id, out var domain)
            ? domain.Oid
            : expression.Type.AnnouncedOid;

    /// <summary>Why a function is not found: one of a type that is known by its text alone may well exist at the server.</summary>
    private static SqlException? OfSourceType(IEnumerable<Expr> arguments, string call, int position) =>
        arguments.Select(argument => argument.Type.Base.Source).FirstOrDefault(source => source is { IsComparable: false }) is { } source
            ? new SqlException(SqlState.FeatureNotSupported, $"function {call} is not supported")
            {
                Position = position,
                Detail = $"Type {source.Name} belongs to server \"{source.Server}\", and only its text is known here.",
            }
            : null;
}
