using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>The columns of CREATE and ALTER TABLE, and constraints of columns and tables.</summary>
internal sealed partial class Parser
{
    /// <summary>Whether a constraint of the table begins some tokens on, and not a column.</summary>
    private bool StartsConstraint(int tokens) => Peek(tokens).Keyword is Keyword.Primary or Keyword.Unique or Keyword.Check
        or Keyword.Foreign or Keyword.Exclude or Keyword.Constraint;

    /// <param name="unsupported">The words of the first part that is not supported; the answer is null then.</param>
    private TableColumn? TableColumn(out string? unsupported)
    {
        var start = _index;
        var name = ColumnId();
        var type = TypeName();
        var isNotNull = false;
        Expression? defaultValue = null;
        var constraints = new List<ConstraintDefinition>();
        while (true)
        {
            var first = _index;
            var constraintName = Accept(Keyword.Constraint) ? ColumnId() : null;
            switch (Current.Keyword)
            {
                case Keyword.Not when NextIs(Keyword.Null):
                    Skip(2);
                    isNotNull = true;
                    continue;
                case Keyword.Null:
                    Advance();
                    continue;
                case Keyword.Default:
                    Advance();
                    defaultValue = RestrictedExpression();
                    continue;
                case Keyword.Primary or Keyword.Unique or Keyword.Check or Keyword.References:
                    if (Constraint(constraintName, name, out unsupported) is not { } constraint) return null;
                    constraints.Add(constraint with { Span = SpanFrom(first) });
                    isNotNull |= constraint.Type == ConstraintType.PrimaryKey;
                    continue;
            }

            if (constraintName is not null && !Is(Keyword.Generated)) throw SyntaxError();
            unsupported = Current.Keyword switch
            {
                Keyword.Generated => "GENERATED",
                Keyword.Collate => "COLLATE",
                Keyword.Deferrable or Keyword.Initially => "DEFERRABLE",
                _ => null,
            };
            return unsupported is null
                ? new TableColumn(name, type, isNotNull, defaultValue)
                    { Constraints = constraints.ToEquatableArray(), Span = SpanFrom(start) }
                : null;
        }
    }

    /// <param name="unsupported">The words of the first part that is not supported; the answer is null then.</param>
    private ConstraintDefinition? TableConstraint(out string? unsupported)
    {
        var start = _index;
        var name = Accept(Keyword.Constraint) ? ColumnId() : null;
        return Constraint(name, null, out unsupported) is { } constraint ? constraint with { Span = SpanFrom(start) } : null;
    }

    /// <param name="column">The column that it stands with; null for a constraint of the table.</param>
    private ConstraintDefinition? Constraint(string? name, string? column, out string? unsupported)
    {
        ConstraintDefinition made;
        switch (Current.Keyword)
        {
            case Keyword.Check:
                Advance();
                Expect('(');
                var condition = Expression();
                Expect(')');
                made = new ConstraintDefinition(name, ConstraintType.Check, []) { Condition = condition };
                break;
            case Keyword.Primary or Keyword.Unique:
                var isPrimary = Is(Keyword.Primary);
                Advance();
                if (isPrimary) Expect(Keyword.Key);
                if (Is(Keyword.Using)) return Unsupported("UNIQUE USING INDEX", out unsupported);
                if (Is(Keyword.Nulls)) return Unsupported("NULLS NOT DISTINCT", out unsupported);
                made = new ConstraintDefinition(name, isPrimary ? ConstraintType.PrimaryKey : ConstraintType.Unique,
                    column is null ? ParenthesisedList(ColumnId) : [column]);
                break;
            case Keyword.Foreign when column is null:
                Advance();
                Expect(Keyword.Key);
                made = new ConstraintDefinition(name, ConstraintType.ForeignKey, ParenthesisedList(ColumnId));
                if (!Is(Keyword.References)) throw SyntaxError();
                if (!References(ref made)) return Unsupported("MATCH or ON", out unsupported);
                break;
            case Keyword.References when column is not null:
                made = new ConstraintDefinition(name, ConstraintType.ForeignKey, [column]);
                if (!References(ref made)) return Unsupported("MATCH or ON", out unsupported);
                break;
            case Keyword.Exclude:
                return Unsupported("EXCLUDE", out unsupported);
            default:
                throw SyntaxError();
        }

        if (Is(Keyword.Not) && NextIs(Keyword.Valid))
        {
            Skip(2);
            made = made with { IsNotValid = true };
        }

        if (Is(Keyword.No) && Peek(1).Keyword == Keyword.Inherit) return Unsupported("NO INHERIT", out unsupported);
        if (Is(Keyword.Deferrable) || Is(Keyword.Initially)) return Unsupported("DEFERRABLE", out unsupported);
        if (Is(Keyword.Include) || Is(Keyword.Using)) return Unsupported("INCLUDE or USING", out unsupported);
        unsupported = null;
        return made;
    }

    /// <summary>REFERENCES table (columns); false in front of MATCH and ON, of which none is supported.</summary>
    private bool References(ref ConstraintDefinition constraint)
    {
        Expect(Keyword.References);
        var table = RelationName();
        constraint = constraint with { References = table, ReferencedColumns = Is('(') ? ParenthesisedList(ColumnId) : default };
        return !Is(Keyword.Match) && !Is(Keyword.On);
    }

    private static ConstraintDefinition? Unsupported(string words, out string? unsupported)
    {
        unsupported = words;
        return null;
    }
}
