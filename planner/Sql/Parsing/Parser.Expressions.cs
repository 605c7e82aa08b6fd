using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>
/// Operators, by precedence climbing. <see cref="Climb"/> reads an operand and then every operator that binds at least as tightly as asked;
/// the operand behind a left-associative operator asks for one level more. Levels that do not associate (IS DISTINCT FROM, comparisons,
/// LIKE and its kin) end the expression when an operator of the same level follows an operand. A prefix operator reads its operand at its
/// own level wherever it stands, as a shift-reduce parser does. The restricted form (b_expr) lacks the operators that are words, so that
/// <c>BETWEEN low AND high</c> and <c>POSITION(a IN b)</c> can use those words.
/// </summary>
internal sealed partial class Parser
{
    private const int OrLevel = 1;
    private const int AndLevel = 2;
    private const int NotLevel = 3;
    private const int IsLevel = 4;
    private const int ComparisonLevel = 5;
    private const int LikeLevel = 6;
    private const int OperatorLevel = 7;
    private const int AdditionLevel = 8;
    private const int MultiplicationLevel = 9;
    private const int PowerLevel = 10;
    private const int AtLevel = 11;
    private const int CollateLevel = 12;
    private const int SignLevel = 13;
    private const int CastLevel = 14;

    /// <summary>Set directly inside a select item, where a word such as AND is a label when the item ends behind it.</summary>
    private bool _allowsBareLabel;

    /// <summary>Set directly inside SUBSTRING's first operand, which SIMILAR without TO ends.</summary>
    private bool _endsAtSimilar;

    /// <summary>a_expr</summary>
    private Expression Expression() => WithLabels(isAllowed: false, isRestricted: false);

    /// <summary>b_expr</summary>
    private Expression RestrictedExpression() => WithLabels(isAllowed: false, isRestricted: true);

    /// <summary>a_expr as a select item.</summary>
    private Expression SelectExpression() => WithLabels(isAllowed: true, isRestricted: false);

    private Expression WithLabels(bool isAllowed, bool isRestricted, bool endsAtSimilar = false)
    {
        var outer = (_allowsBareLabel, _endsAtSimilar);
        (_allowsBareLabel, _endsAtSimilar) = (isAllowed, endsAtSimilar);
        var expression = Climb(OrLevel, isRestricted);
        (_allowsBareLabel, _endsAtSimilar) = outer;
        return expression;
    }

    /// <summary>The operators behind a first operand that is read already.</summary>
    private Expression ContinueExpression(Expression left)
    {
        var outer = (_allowsBareLabel, _endsAtSimilar);
        (_allowsBareLabel, _endsAtSimilar) = (false, false);
        var expression = Infix(left, OrLevel, isRestricted: false);
        (_allowsBareLabel, _endsAtSimilar) = outer;
        return expression;
    }

    private Expression Climb(int minLevel, bool isRestricted)
    {
        Enter();
        var expression = Infix(Prefix(isRestricted), minLevel, isRestricted);
        Leave();
        return expression;
    }

    private bool StartsPrefixExpression() =>
        Is('+') || Is('-') || Is(TokenKind.Operator) || Is(Keyword.Not) || Is(Keyword.Default)
        || (Is(Keyword.Operator) && NextIs('('));

    private Expression Prefix(bool isRestricted)
    {
        var start = _index;
        if (Is('-') || Is('+'))
        {
            var sign = OperatorToken();
            var operand = Climb(CastLevel, isRestricted);
            var signed = new OperatorExpression(sign, null, operand) { Span = SpanFrom(start) };
            return operand is NumberLiteral number && sign.Symbol == "-" ? Negate(number) with { Span = signed.Span } : signed;
        }

        if (Is(TokenKind.Operator) || (Is(Keyword.Operator) && NextIs('(')))
        {
            var name = AnyOperator();
            var operand = Climb(OperatorLevel + 1, isRestricted);
            return new OperatorExpression(name, null, operand) { Span = SpanFrom(start) };
        }

        if (isRestricted) return Primary();
        if (Accept(Keyword.Not)) return new NotExpression(Climb(NotLevel, isRestricted: false)) { Span = SpanFrom(start) };
        if (Is(Keyword.Default)) return new DefaultValue { Span = SpanOf(Advance()) };
        return Primary();
    }

    /// <summary>Folds a minus sign into a number.</summary>
    private static NumberLiteral Negate(NumberLiteral number) =>
        number with { Text = number.Text[0] == '-' ? number.Text[1..] : "-" + number.Text };

    private Expression Infix(Expression left, int minLevel, bool isRestricted)
    {
        var links = 0;
        var closedLevel = 0;
        while (true)
        {
            var level = InfixLevel(isRestricted);
            if (level == 0 || level < minLevel) break;
            if (level == closedLevel) throw SyntaxError();
            if (minLevel == OrLevel && IsLabel()) break;
            Enter();
            links++;
            closedLevel = 0;
            left = level switch
            {
                OrLevel => Logical(left, LogicalOperator.Or, Keyword.Or, minLevel),
                AndLevel => Logical(left, LogicalOperator.And, Keyword.And, minLevel),
                IsLevel => IsTest(left, isRestricted, ref closedLevel),
                LikeLevel => WordOperator(left, ref closedLevel),
                AtLevel => AtTimeZone(left),
                CollateLevel => Collate(left),
                CastLevel => Cast(left),
                _ => BinaryOperator(left, level, isRestricted, ref closedLevel),
            };
        }

        _depth -= links;
        return left;
    }

    /// <summary>The level of the operator at the current token, 0 when there is none.</summary>
    private int InfixLevel(bool isRestricted)
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Character:
                return token.Character switch
                {
                    '<' or '>' or '=' => ComparisonLevel,
                    '+' or '-' => AdditionLevel,
                    '*' or '/' or '%' => MultiplicationLevel,
                    '^' => PowerLevel,
                    _ => 0,
                };
            case TokenKind.LessEquals or TokenKind.GreaterEquals or TokenKind.NotEquals:
                return ComparisonLevel;
            case TokenKind.Operator:
                return OperatorLevel;
            case TokenKind.TypeCast:
                return CastLevel;
            case TokenKind.Keyword:
                return WordLevel(token.Keyword, isRestricted);
            default:
                return 0;
        }
    }

    /// <summary>
    /// Whether a word that can be an operator is the label of a select item. That is asked only while no operator waits for its right side;
    /// one that waits takes the word as its operand's operator, as precedence demands.
    /// </summary>
    private bool IsLabel() => _allowsBareLabel && Is(TokenKind.Keyword) && Keywords.IsBareLabel(Current.Keyword) && EndsSelectItem(Peek(1));

    private int WordLevel(Keyword keyword, bool isRestricted) =>
        keyword switch
        {
            Keyword.Operator => OperatorLevel,
            Keyword.Is => IsLevel,
            _ when isRestricted => 0,
            Keyword.Or => OrLevel,
            Keyword.Similar when _endsAtSimilar && !NextIs(Keyword.To) => 0,
            Keyword.And => AndLevel,
            Keyword.Isnull or Keyword.Notnull => IsLevel,
            Keyword.Between or Keyword.In or Keyword.Like or Keyword.Ilike or Keyword.Similar => LikeLevel,
            Keyword.Not when Peek(1).Keyword is Keyword.Between or Keyword.In or Keyword.Like or Keyword.Ilike or Keyword.Similar =>
                LikeLevel,
            Keyword.At => AtLevel,
            Keyword.Collate => CollateLevel,
            _ => 0,
        };

    private LogicalExpression Logical(Expression left, LogicalOperator logicalOperator, Keyword keyword, int minLevel)
    {
        var operandLevel = logicalOperator == LogicalOperator.Or ? AndLevel : NotLevel;
        var operands = new List<Expression>();
        // Operands to the left are flattened even when they were in parentheses; to the right they stay as written.
        if (left is LogicalExpression logical && logical.Operator == logicalOperator) operands.AddRange(logical.Operands.AsSpan());
        else operands.Add(left);
        do
        {
            Advance();
            operands.Add(Climb(operandLevel, isRestricted: false));
        }
        while (Is(keyword) && !(minLevel == OrLevel && IsLabel()));

        return new LogicalExpression(logicalOperator, operands.ToEquatableArray()) { Span = SpanFrom(left) };
    }

    private Expression BinaryOperator(Expression left, int level, bool isRestricted, ref int closedLevel)
    {
        var name = AnyOperator();
        if (!isRestricted && IsQuantifier()) return Quantified(left, name);
        var right = Climb(level + 1, isRestricted);
        if (level == ComparisonLevel) closedLevel = level;
        return new OperatorExpression(name, left, right) { Span = SpanFrom(left) };
    }

    private bool IsQuantifier() => Current.Keyword is Keyword.Any or Keyword.Some or Keyword.All;

    /// <summary>ANY or ALL over a query or an array.</summary>
    private Expression Quantified(Expression left, OperatorName name)
    {
        var isAll = Advance().Keyword == Keyword.All;
        if (!Is('(')) throw SyntaxError();
        var content = Parenthesised(maxItems: 1);
        return content.Query is not null
            ? new QuantifiedQueryExpression(left, name, isAll, content.Query) { Span = SpanFrom(left) }
            : new QuantifiedArrayExpression(left, name, isAll, content.Items[0]) { Span = SpanFrom(left) };
    }

    private Expression AtTimeZone(Expression left)
    {
        var at = SpanOf(Advance());
        Expect(Keyword.Time);
        Expect(Keyword.Zone);
        var zone = Climb(AtLevel + 1, isRestricted: false);
        return SystemCall("timezone", at, zone, left) with { Span = SpanFrom(left) };
    }

    private CollateExpression Collate(Expression left)
    {
        var collate = SpanOf(Advance());
        return new CollateExpression(left, AnyName()) { Span = SpanFrom(left), ErrorSpan = collate };
    }

    private CastExpression Cast(Expression left)
    {
        var cast = SpanOf(Advance());
        return new CastExpression(left, TypeName()) { Span = SpanFrom(left), ErrorSpan = cast };
    }

    /// <summary>A call that the grammar itself makes, of a function in pg_catalog.</summary>
    private static FunctionCall SystemCall(string name, SourceSpan nameSpan, params ReadOnlySpan<Expression> arguments)
    {
        var items = new Argument[arguments.Length];
        for (var i = 0; i < items.Length; i++) items[i] = new Argument(null, arguments[i]) { Span = arguments[i].Span };
        return new FunctionCall(SystemName(name, nameSpan), new EquatableArray<Argument>(items)) { Span = nameSpan, ErrorSpan = nameSpan };
    }
}
