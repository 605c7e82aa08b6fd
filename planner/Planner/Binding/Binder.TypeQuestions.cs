using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>pg_typeof, pg_collation_for and pg_column_size: what they answer follows from the type of their argument.</summary>
public sealed partial class Binder
{
    /// <summary>The answer, if the function is one of these and the statement alone tells it.</summary>
    private Expr? AnswerTypeQuestion(FunctionEntry function, EquatableArray<Expr> arguments, FunctionCall call) => function.Name switch
    {
        "pg_typeof" when !PlanRewriter.Contains(arguments[0], item => item is AggregateCall or WindowCall or SetCall) =>
            new Constant((long)DeclaredType(arguments[0]).Value, SqlType.Of(PgTypes.Regtype)),
        "pg_collation_for" => new Constant(CollationName(arguments[0], call), SqlType.Text),
        "pg_column_size" => ColumnSize(arguments[0], call),
        _ => null,
    };

    /// <summary>The collation that is written out, that of a column of a source, or else the default of the type.</summary>
    private static string? CollationName(Expr argument, FunctionCall call)
    {
        var type = argument.Type.Element ?? argument.Type;
        if (type.IsUnknown) return null;
        if (type.Category != 'S')
            throw new SqlException(SqlState.DatatypeMismatch, $"collations are not supported by type {argument.Type}");
        var syntax = call.Arguments[0].Value;
        if (syntax is CollateExpression { Collation: var written }) return Quoted(written.Name);
        if (SyntaxTree.Find(syntax, node => node is CollateExpression) is not null)
            throw new SqlException(SqlState.FeatureNotSupported, "pg_collation_for over a part with COLLATE is not supported")
                { Position = call.Span.Position };
        return Quoted(CollationOf(type)?.Name ?? (type.Base == PgTypes.Name ? "C" : "default"));

        static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    // Values of a fixed length have it here too; how others are packed and compressed is a matter of PostgreSQL's pages.
    private Expr ColumnSize(Expr argument, FunctionCall call)
    {
        if (argument is Constant { Value: null }) return new Constant(null, SqlType.Int4);
        if (argument.Type is { IsArray: true } or { IsRecord: true } || argument.Type.Base.Length <= 0)
            throw new SqlException(SqlState.FeatureNotSupported, $"pg_column_size({argument.Type}) is not supported")
            {
                Position = call.Span.Position,
                Detail = "Values of varying length are not stored as PostgreSQL stores them.",
            };
        var size = new Constant((int)argument.Type.Base.Length, SqlType.Int4);
        var none = new CaseWhen(new IsNull(argument), new Constant(null, SqlType.Int4));
        return argument is Constant ? size : new Case([none], size, SqlType.Int4);
    }
}
