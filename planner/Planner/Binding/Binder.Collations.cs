using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// Text of attached servers whose collation is not the order of bytes. It is carried as all text is; what would compare, sort or fold it by
/// that collation is refused, because no order here is exactly the server's. Equality stays where equal means equal bytes.
/// </summary>
public sealed partial class Binder
{
    /// <summary>Functions that follow the collation of their argument even where that is deterministic.</summary>
    private static readonly HashSet<string> s_ordering = new(StringComparer.Ordinal)
        { "min", "max", "lower", "upper", "initcap", "text_smaller", "text_larger" };

    /// <summary>Functions that look for a text in another one, which a collation that holds different texts for equal changes.</summary>
    private static readonly HashSet<string> s_searching = new(StringComparer.Ordinal)
    {
        "strpos", "position", "replace", "split_part", "starts_with", "string_to_array", "regexp_replace", "regexp_match", "regexp_matches",
        "regexp_split_to_array", "regexp_split_to_table", "regexp_like",
        "regexp_count", "regexp_instr", "regexp_substr", "substring", "translate", "array_position", "array_positions", "array_remove",
        "array_replace", "mode",
    };

    private static SourceCollation? CollationOf(SqlType type) => type switch
    {
        { Collation: { } own } => own,
        { Element: { } element } => CollationOf(element),
        { Fields.Count: > 0 } => type.Fields.Select(field => CollationOf(field.Type)).FirstOrDefault(collation => collation is not null),
        _ => null,
    };

    /// <summary>A type with the collation of what its value is made of.</summary>
    private static SqlType Collated(SqlType type, params IReadOnlyList<Expr> sources)
    {
        if (type.Category != 'S') return type;
        // A part whose collation was written out decides nothing about the others.
        return sources.Select(source => CollationOf(source.Type)).FirstOrDefault(collation => collation is not null) is { } found
            ? type with { Collation = found }
            : type;
    }

    private static void RequireByteOrder(OperatorName name, SqlType? left, SqlType right)
    {
        bool? isOrder = name.Symbol switch
        {
            "<" or "<=" or ">" or ">=" or "~~*" or "!~~*" or "~*" or "!~*" => true,
            "=" or "<>" or "!=" or "~~" or "!~~" or "~" or "!~" or "^@" or "@>" or "<@" or "&&" => false,
            _ => null,
        };
        if (isOrder is not { } needed) return;
        if (left is not null) RequireByteOrder(left, needed, name.Span);
        RequireByteOrder(right, needed, name.Span);
    }

    private static void RequireByteOrder(FunctionEntry function, Expr[] arguments, SourceSpan span)
    {
        var isOrder = s_ordering.Contains(function.Name);
        if (!isOrder && !s_searching.Contains(function.Name)) return;
        foreach (var argument in arguments) RequireByteOrder(argument.Type, isOrder, span);
    }

    /// <param name="isOrder">Whether the order matters, or only which texts are equal.</param>
    private static void RequireByteOrder(SqlType type, bool isOrder, SourceSpan span)
    {
        if (CollationOf(type) is not { } collation || (!isOrder && collation.IsDeterministic)) return;
        throw new SqlException(SqlState.FeatureNotSupported, $"comparisons by collation \"{collation.Name}\" are not supported")
        {
            Position = span == default ? 0 : span.Position,
            Detail = collation.IsDeterministic ? "Text is ordered by its bytes here." : "Text is compared by its bytes here.",
            Hint = "Use COLLATE \"C\".",
        };
    }
}
