using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>The columns of CREATE and ALTER TABLE, and constraints of columns and tables.</summary>
internal sealed partial class Parser
{
    /// <summary>Whether a constraint of the table begins some tokens on, and not a column.</summary>
    private bool StartsConstraint(int tokens) => Peek(tokens).Keyword is Keyword.Primary or Keyword.Unique or Keyword.Check
        or Keyword.Foreign or Keyword.Exclude or Keyword.Constraint;

    /// <summary>The table whose columns are read, as errors name it.</summary>
    private string _definedTable = "";

    /// <param name="unsupported">The words of the first part that is not supported; the answer is null then.</param>
    private TableColumn? TableColumn(out string? unsupported)
    {
        var start = _index;
        var name = ColumnId();
        var type = TypeName();
        bool isNotNull = false, saysNull = false, saysNotNull = false;
        Expression? defaultValue = null, generated = null;
        IdentityDefinition? identity = null;
        var constraints = new List<ConstraintDefinition>();
        while (true)
        {
            var first = _index;
            var constraintName = Accept(Keyword.Constraint) ? ColumnId() : null;
            var clause = _index;
            switch (Current.Keyword)
            {
                case Keyword.Not when NextIs(Keyword.Null):
                    RefuseIf(saysNull, "conflicting NULL/NOT NULL declarations");
                    Skip(2);
                    isNotNull = saysNotNull = true;
                    continue;
                case Keyword.Null:
                    RefuseIf(saysNotNull, "conflicting NULL/NOT NULL declarations");
                    Advance();
                    saysNull = true;
                    continue;
                case Keyword.Default:
                    RefuseIf(defaultValue is not null, "multiple default values specified");
                    Advance();
                    defaultValue = RestrictedExpression();
                    continue;
                case Keyword.Generated:
                    var (identityNow, generatedNow) = GeneratedColumn();
                    RefuseIf(identity is not null && identityNow is not null, "multiple identity specifications");
                    RefuseIf(generated is not null && generatedNow is not null, "multiple generation clauses specified");
                    RefuseIf((identity ?? identityNow) is not null && (generated ?? generatedNow) is not null,
                        "both identity and generation expression specified");
                    RefuseIf(saysNull && identityNow is not null, "conflicting NULL/NOT NULL declarations");
                    (identity, generated) = (identityNow ?? identity, generatedNow ?? generated);
                    if (identityNow is not null) isNotNull = saysNotNull = true;
                    continue;
                case Keyword.Primary or Keyword.Unique or Keyword.Check or Keyword.References:
                    if (Constraint(constraintName, name, out unsupported) is not { } constraint) return null;
                    constraints.Add(constraint with { Span = SpanFrom(first) });
                    isNotNull |= constraint.Type == ConstraintType.PrimaryKey;
                    continue;
            }

            if (constraintName is not null) throw SyntaxError();
            unsupported = Current.Keyword switch
            {
                Keyword.Collate => "COLLATE",
                Keyword.Deferrable or Keyword.Initially => "DEFERRABLE",
                _ => null,
            };
            return unsupported is null
                ? new TableColumn(name, type, isNotNull, defaultValue)
                {
                    Constraints = constraints.ToEquatableArray(), Identity = identity, Generated = generated, Span = SpanFrom(start),
                }
                : null;

            void RefuseIf(bool isWrong, string what)
            {
                if (isWrong) throw ErrorAt(SpanOf(_tokens[clause]), $"{what} for column \"{name}\" of table \"{_definedTable}\"");
            }
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
                made = References(made);
                break;
            case Keyword.References when column is not null:
                made = new ConstraintDefinition(name, ConstraintType.ForeignKey, [column]);
                made = References(made);
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
        if (made.Type == ConstraintType.ForeignKey) made = Deferrable(made);
        if (Is(Keyword.Deferrable) || Is(Keyword.Initially)) return Unsupported("DEFERRABLE", out unsupported);
        if (Is(Keyword.Include) || Is(Keyword.Using)) return Unsupported("INCLUDE or USING", out unsupported);
        unsupported = null;
        return made;
    }

    /// <summary>REFERENCES table (columns) with MATCH and ON.</summary>
    private ConstraintDefinition References(ConstraintDefinition constraint)
    {
        Expect(Keyword.References);
        var table = RelationName();
        var columns = Is('(') ? ParenthesisedList(ColumnId) : default;
        var options = ReferenceOptions.Default;
        if (Accept(Keyword.Match))
        {
            var place = SpanOf(Current);
            if (Accept(Keyword.Partial))
                throw ErrorAt(place, SqlState.FeatureNotSupported, "MATCH PARTIAL not yet implemented");
            if (Accept(Keyword.Full)) options = options with { Match = 'f' };
            else Expect(Keyword.Simple);
        }

        while (Is(Keyword.On) && Peek(1).Keyword is Keyword.Delete or Keyword.Update)
        {
            Advance();
            var isDelete = Advance().Keyword == Keyword.Delete;
            var (action, setColumns) = ReferenceAction(isDelete);
            options = isDelete ? options with { OnDelete = action, SetColumns = setColumns } : options with { OnUpdate = action };
        }

        return constraint with { References = table, ReferencedColumns = columns, Options = options };
    }

    private (char Action, EquatableArray<string> Columns) ReferenceAction(bool isDelete)
    {
        if (Accept(Keyword.Restrict)) return ('r', []);
        if (Accept(Keyword.Cascade)) return ('c', []);
        if (Accept(Keyword.No))
        {
            Expect(Keyword.Action);
            return ('a', []);
        }

        var place = SpanOf(Current);
        Expect(Keyword.Set);
        var isNull = Accept(Keyword.Null);
        if (!isNull) Expect(Keyword.Default);
        var columns = Is('(') ? ParenthesisedList(ColumnId) : [];
        return isDelete || columns.Count == 0
            ? (isNull ? 'n' : 'd', columns)
            : throw ErrorAt(place, SqlState.FeatureNotSupported,
                "a column list with SET " + (isNull ? "NULL" : "DEFAULT") + " is only supported for ON DELETE actions");
    }

    private ConstraintDefinition Deferrable(ConstraintDefinition constraint)
    {
        var options = constraint.Options;
        while (true)
        {
            if (Is(Keyword.Not) && NextIs(Keyword.Deferrable))
            {
                Skip(2);
            }
            else if (Accept(Keyword.Deferrable))
            {
                options = options with { IsDeferrable = true };
            }
            else if (Accept(Keyword.Initially))
            {
                var isDeferred = Accept(Keyword.Deferred);
                if (!isDeferred) Expect(Keyword.Immediate);
                options = options with { IsDeferred = isDeferred, IsDeferrable = options.IsDeferrable || isDeferred };
            }
            else if (Is(Keyword.Not) && NextIs(Keyword.Valid))
            {
                Skip(2);
                constraint = constraint with { IsNotValid = true };
            }
            else
            {
                return constraint with { Options = options };
            }
        }
    }

    private static ConstraintDefinition? Unsupported(string words, out string? unsupported)
    {
        unsupported = words;
        return null;
    }
}
