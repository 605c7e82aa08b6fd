using System.Globalization;
using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>How the files of a table are laid out: partitions, order and options, as Trino and Spark spell them.</summary>
internal sealed partial class Parser
{
    private const string PartitioningOption = "partitioning";
    private const string OrderOption = "sorted_by";

    /// <summary>The transforms by their names; those of times also have Spark's names.</summary>
    private static readonly Dictionary<string, string> s_transforms = new(StringComparer.Ordinal)
    {
        ["identity"] = "identity", ["bucket"] = "bucket", ["truncate"] = "truncate", ["void"] = "void", ["year"] = "year",
        ["years"] = "year", ["month"] = "month", ["months"] = "month", ["day"] = "day", ["days"] = "day", ["date"] = "day",
        ["hour"] = "hour", ["hours"] = "hour", ["date_hour"] = "hour",
    };

    /// <summary>PARTITIONED BY (terms), SORTED BY (terms) and WITH (options), in any order.</summary>
    private TableLayout TableLayout()
    {
        var layout = new TableLayout(default, default, default);
        while (true)
        {
            if (IsWord("partitioned") && NextIs(Keyword.By))
            {
                Skip(2);
                layout = layout with { PartitionedBy = ParenthesisedList(TransformTerm) };
            }
            else if (IsWord("sorted") && NextIs(Keyword.By))
            {
                Skip(2);
                layout = layout with { SortedBy = ParenthesisedList(SortTerm) };
            }
            else if (Is(Keyword.With) && IsCharacter(Peek(1), '('))
            {
                Advance();
                layout = WithOptions(layout);
            }
            else if (Is(Keyword.Without))
            {
                Advance();
                if (Current.Text != "oids") throw SyntaxError();
                Advance();
            }
            else
            {
                return layout;
            }
        }
    }

    /// <summary>The options in parentheses; Trino's partitioning and sorted_by are arrays of terms in texts.</summary>
    private TableLayout WithOptions(TableLayout layout)
    {
        var options = new List<OptionItem>();
        Expect('(');
        do
        {
            if (IsLayoutOption(PartitioningOption)) layout = layout with { PartitionedBy = Texts(parser => parser.TransformTerm()) };
            else if (IsLayoutOption(OrderOption)) layout = layout with { SortedBy = Texts(parser => parser.SortTerm()) };
            else options.Add(TableOption());
        }
        while (Accept(','));
        Expect(')');
        return layout with { Options = options.ToEquatableArray() };
    }

    private bool IsLayoutOption(string name) => IsWord(name) && NextIs('=') && Peek(2).Keyword == Keyword.Array;

    /// <summary>name = ARRAY['term', …]</summary>
    private EquatableArray<T> Texts<T>(Func<Parser, T> read)
        where T : SyntaxNode
    {
        Skip(3);
        Expect('[');
        var terms = Is(']') ? default : CommaList(() =>
        {
            var place = Current;
            var parser = new Parser(StringConstant());
            var term = read(parser);
            if (!parser.AtEnd) throw parser.SyntaxError().Moved(0);
            return term with { Span = SpanOf(place) };
        });
        Expect(']');
        return terms;
    }

    /// <summary>column, transform(column), bucket(number, column) or bucket(column, number).</summary>
    private TransformTerm TransformTerm()
    {
        var start = _index;
        if (!NextIs('(')) return new TransformTerm(ColumnId()) { Span = SpanFrom(start) };
        var name = ColumnLabel();
        if (!s_transforms.TryGetValue(name, out var transform))
            throw SyntaxFailure.At(_text, SqlState.UndefinedFunction, $"partition transform \"{name}\" does not exist",
                SpanFrom(start).Start, "Transforms are identity, bucket, truncate, year, month, day, hour and void.");
        Expect('(');
        int? argument = Is(TokenKind.Integer) ? Number() : null;
        if (argument is not null) Expect(',');
        var column = ColumnId();
        if (argument is null && Accept(',')) argument = Number();
        Expect(')');
        if (argument is null == transform is "bucket" or "truncate" || argument <= 0)
            throw SyntaxFailure.At(_text, SqlState.InvalidParameterValue, transform is "bucket" or "truncate"
                ? $"transform {name} needs a column and a number above 0"
                : $"transform {name} takes a column alone", SpanFrom(start).Start, null);
        return new TransformTerm(column, transform, argument) { Span = SpanFrom(start) };

        int Number()
        {
            var token = Expect(TokenKind.Integer);
            return int.Parse(token.Text!, CultureInfo.InvariantCulture);
        }
    }

    private SortTerm SortTerm()
    {
        var start = _index;
        var term = TransformTerm();
        var isDescending = Accept(Keyword.Desc);
        if (!isDescending) Accept(Keyword.Asc);
        var isNullsFirst = isDescending;
        if (Is(Keyword.Nulls))
        {
            Advance();
            isNullsFirst = Is(Keyword.First);
            if (!isNullsFirst) Expect(Keyword.Last);
            else Advance();
        }

        return new SortTerm(term, isDescending, isNullsFirst) { Span = SpanFrom(start) };
    }

    private OptionItem TableOption()
    {
        var start = _index;
        var name = ColumnLabel();
        while (Accept('.')) name += "." + ColumnLabel();
        return new OptionItem(name, Accept('=') ? SettingValue() : null) { Span = SpanFrom(start) };
    }

    /// <summary>A word that may be a keyword of PostgreSQL's or not.</summary>
    private bool IsWord(string word) => Current.Kind is TokenKind.Identifier or TokenKind.Keyword && Current.Text == word;
}
