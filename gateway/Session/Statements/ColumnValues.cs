using Federation.Catalog;
using Federation.Planner.Binding;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// What columns get without a value of the statement: defaults, serial and identity columns, and columns that are computed.
/// </summary>
internal static class ColumnValues
{
    /// <summary>What a declared column says of its values.</summary>
    /// <param name="Default">As text; null for none.</param>
    /// <param name="Sequence">The sequence that was made for it; null for none.</param>
    /// <param name="Generated">Its expression as text; null for none.</param>
    public sealed record Declared(string? Default, ColumnSequence? Sequence, string? Generated);

    private static readonly Dictionary<string, string> s_serials = new(StringComparer.Ordinal)
    {
        ["smallserial"] = "int2", ["serial2"] = "int2", ["serial"] = "int4", ["serial4"] = "int4", ["bigserial"] = "int8",
        ["serial8"] = "int8",
    };

    /// <summary>A serial column with the type that it is of; any other column as it is.</summary>
    public static TableColumn Plain(TableColumn column)
    {
        if (SerialType(column) is not { } type) return column;
        if (column.Type.ArrayDimensions > 0)
            throw new SqlException(SqlState.FeatureNotSupported, "array of serial is not implemented") { Position = column.Span.Position };
        return column with
        {
            Type = column.Type with { Name = column.Type.Name with { Parts = ["pg_catalog", type] } }, IsNotNull = true,
        };
    }

    /// <summary>Whether each row may have a value of its own.</summary>
    public static bool IsComputed(TableColumn column) =>
        column.Default is not null || column.Generated is not null || column.Identity is not null || SerialType(column) is not null;

    /// <summary>
    /// Makes what a column needs for its values, and says how the catalog keeps it. Raises the errors of wrong declarations.
    /// </summary>
    /// <param name="column">As it was declared.</param>
    /// <param name="columns">All columns of the table with their types.</param>
    /// <param name="generated">Those of them that are generated.</param>
    /// <param name="taken">Names of relations that the statement gives to others.</param>
    public static async ValueTask<Declared> DeclareAsync(QuerySession session, string schema, string table, TableColumn column,
        IReadOnlyList<(string Name, SqlType Type)> columns, IReadOnlySet<string> generated, ISet<string> taken,
        CancellationToken cancellationToken)
    {
        var type = columns.First(item => item.Name == column.Name).Type;
        var isSerial = SerialType(column) is not null;
        if (isSerial && column.Default is not null) throw Conflict("multiple default values");
        if (column.Identity is not null && (column.Default is not null || isSerial)) throw Conflict("both default and identity");
        if (column.Generated is not null && (column.Default is not null || isSerial))
            throw Conflict("both default and generation expression");
        if (column is { Identity: { } identity, Generated: null })
        {
            var made = await SequenceStatements.MakeForAsync(session, schema, table, column.Name,
                SequenceOptions.New(identity.Options, type, isIdentity: true), taken, cancellationToken);
            return new Declared(null, new ColumnSequence(column.Name, made.Oid,
                identity.IsAlways ? ColumnSequenceKind.Always : ColumnSequenceKind.ByDefault), null);
        }

        if (column.Identity is not null) throw Conflict("both identity and generation expression");
        if (column.Generated is { } expression)
        {
            await session.Names.ResolvingAsync(() =>
            {
                Binder.BindGenerated(expression, column.Name, type, table, columns, generated, session.Nameless);
                return ValueTask.FromResult(0);
            }, cancellationToken);
            // The table's own name may change.
            return new Declared(null, null, TableConstraints.Bare(SqlPrinter.Print(expression)));
        }

        if (isSerial)
        {
            var made = await SequenceStatements.MakeForAsync(session, schema, table, column.Name,
                SequenceOptions.New([], type, isIdentity: false), taken, cancellationToken);
            return new Declared($"nextval({SequenceRules.ReferenceTo(made.Oid)})",
                new ColumnSequence(column.Name, made.Oid, ColumnSequenceKind.Owned), null);
        }

        return new Declared(column.Default is { } value
            ? await DefaultAsync(session, value, column.Name, type, cancellationToken)
            : null, null, null);

        SqlException Conflict(string what) => new(SqlState.SyntaxError,
            $"{what} specified for column \"{column.Name}\" of table \"{table}\"")
        {
            Position = column.Identity?.Span.Position ?? column.Generated?.Span.Position ?? 0,
        };
    }

    /// <summary>
    /// A default as text. It is bound once here, so that a wrong one is told when it is declared; sequences stand in it by their OIDs.
    /// </summary>
    public static async ValueTask<string> DefaultAsync(QuerySession session, Expression expression, string column, SqlType type,
        CancellationToken cancellationToken)
    {
        var bound = await session.Names.ResolvingAsync(
            () => ValueTask.FromResult(Binder.BindDefault(expression, column, type, session.Nameless)), cancellationToken);
        var text = LiteralTexts.Fixed(SqlPrinter.Print(expression), bound, session.Nameless.Values);
        var parts = new List<(SourceSpan, string)>();
        SyntaxTree.Find(SqlParser.ParseExpression(text), node =>
        {
            if (node is FunctionCall { Name: { Name: "nextval" or "currval" or "setval" }, Arguments: [var first, ..] }
                && NameOf(first.Value) is { } name && session.Names.Find(PgTypes.Regclass, name) is { } oid)
                parts.Add((first.Value.Span, SequenceRules.ReferenceTo(new Oid((uint)oid))));
            return false;
        });
        return ViewTexts.Replaced(text, new SourceSpan(0, text.Length), parts);
    }

    /// <summary>A literal that is the name of a relation.</summary>
    private static string? NameOf(Expression argument) => argument switch
    {
        StringLiteral literal => literal.Value,
        CastExpression { Operand: StringLiteral literal, Type.Name.Name: "regclass" } => literal.Value,
        _ => null,
    };

    private static string? SerialType(TableColumn column) =>
        column.Type.Name.Parts.Count == 1 ? s_serials.GetValueOrDefault(column.Type.Name.Name) : null;
}
