using Federation.Core.Values;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Arrays, rows, subscripts and fields.</summary>
public sealed partial class Binder
{
    /// <param name="element">The element type of a cast around the constructor, which its unknown items take.</param>
    private Expr BindArray(ArrayExpression array, SqlType? element, BindScope scope, ExpressionContext context)
    {
        if (array.Items.Count == 0)
        {
            if (element is null)
            {
                throw new SqlException(SqlState.IndeterminateDatatype, "cannot determine type of empty array")
                {
                    Position = array.Span.Position,
                    Hint = "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
                };
            }

            return new ArrayOf([], SqlType.Array(element));
        }

        var items = array.Items.Select(item => item is ArrayExpression nested
            ? BindArray(nested, element, scope, context)
            : BindExpression(item, scope, context)).ToArray();
        if (element is not null)
            items = items.Select(item => item.Type.IsArray ? item : Coerce(item, element, CastContext.Explicit, SpanOf(item, array.Span)))
                .ToArray();
        RequirePlainItems(items, array.Span);
        var isNested = Array.Exists(items, item => item.Type.IsArray);
        if (isNested && Array.Exists(items, item => !item.Type.IsArray && item is not Constant { Value: null }))
        {
            throw new SqlException(SqlState.DatatypeMismatch,
                "multidimensional arrays must have array expressions with matching dimensions")
            {
                Position = array.Span.Position,
            };
        }

        if (isNested && items.OfType<ArrayOf>().Select(Dimensions).Distinct().Count() > 1)
            throw new SqlException(SqlState.ArraySubscriptError,
                "multidimensional arrays must have array expressions with matching dimensions");
        var (type, unified) = element is null ? Unify("ARRAY", items) : UnifyRepresentation(items);
        if (type.IsArray && unified.Length > 0) type = unified[0].Type;
        RequireDimensions(SqlType.Array(type));
        return At(new ArrayOf(unified.ToEquatableArray(), SqlType.Array(type)), array.Span);
    }

    /// <summary>int2vector and oidvector are held as arrays themselves; in another one they would be a further dimension.</summary>
    private static void RequirePlainItems(IEnumerable<Expr> items, SourceSpan span)
    {
        if (items.FirstOrDefault(item => item.Type.IsVector) is { } vector)
            throw new SqlException(SqlState.FeatureNotSupported, $"arrays of {vector.Type} are not supported") { Position = span.Position };
    }

    /// <summary>MAXDIM.</summary>
    private const int MostDimensions = 6;

    private static void RequireDimensions(SqlType array)
    {
        var count = 0;
        for (var type = array; type is { IsArray: true, IsVector: false }; type = type.Element!) count++;
        if (count > MostDimensions)
            throw new SqlException(SqlState.ProgramLimitExceeded,
                $"number of array dimensions ({count}) exceeds the maximum allowed ({MostDimensions})");
    }

    /// <summary>The lengths of an array constructor, outermost first, as far as constructors nest.</summary>
    private static string Dimensions(ArrayOf array) =>
        array.Items is [ArrayOf first, ..] ? $"{array.Items.Count},{Dimensions(first)}" : $"{array.Items.Count}";

    private Expr BindRow(RowExpression row, BindScope scope, ExpressionContext context)
    {
        var items = new List<Expr>();
        foreach (var item in row.Items)
        {
            if (item is Star star) items.AddRange(ExpandStar(star, scope).Select(column => column.Value));
            else items.Add(BindExpression(item, scope, context));
        }

        var fields = items.Select((item, i) => new RecordField($"f{i + 1}", item.Type)).ToArray();
        return new RowOf(items.ToEquatableArray(), SqlType.Record(fields));
    }

    private Expr BindSubscript(SubscriptExpression subscript, BindScope scope, ExpressionContext context)
    {
        // a[1][2] arrives nested; a multidimensional array is indexed by all of them at once.
        var chain = new Stack<SubscriptExpression>();
        Expression origin = subscript;
        while (origin is SubscriptExpression link)
        {
            chain.Push(link);
            origin = link.Operand;
        }

        var value = BindExpression(origin, scope, context);
        if (chain.Count > MostDimensions && value.Type.IsArray)
            throw new SqlException(SqlState.ProgramLimitExceeded,
                $"number of array dimensions ({chain.Count}) exceeds the maximum allowed ({MostDimensions})");
        var hasSlice = chain.Any(link => link.IsSlice);
        if (hasSlice && value.Type is { IsArray: true, IsVector: false })
        {
            // One slice makes slices of all: a lone subscript is where they end.
            var bounds = chain.Select(link => link.IsSlice
                ? new SliceBounds(Bound(link.Low), Bound(link.High))
                : new SliceBounds(new Constant(1, SqlType.Int4), Bound(link.Index)));
            return new SliceOf(value, bounds.ToEquatableArray());
        }

        foreach (var link in chain)
        {
            if (value.Type.HasSameBase(SqlType.Jsonb) && !link.IsSlice)
            {
                value = BindJsonSubscript(value, link, scope, context);
                continue;
            }

            if (value.Type.HasSameBase(SqlType.Of(PgTypes.Name)) && !value.Type.IsArray && !link.IsSlice)
            {
                // A name is 64 characters, counted from 0.
                value = new Call(_catalog.Function("pg_federation.name_item", SqlType.Of(PgTypes.Name), SqlType.Int4),
                    [value, Bound(link.Index)!], SqlType.Of(PgTypes.Char));
                continue;
            }

            if (value.Type.Element is not { } element)
            {
                // More subscripts than dimensions select nothing, but what the array holds has still to be read: it may have more of them.
                if (value is ItemOf item && Bound(link.Index) is not null)
                {
                    value = item with { Index = new Constant(0, SqlType.Int4) };
                    continue;
                }

                throw new SqlException(SqlState.DatatypeMismatch,
                    $"cannot subscript type {value.Type} because it does not support subscripting")
                {
                    Position = link.Span.Position,
                };
            }

            if (link.IsSlice)
            {
                value = new SliceOf(value, [new SliceBounds(Bound(link.Low), Bound(link.High))]);
            }
            else
            {
                value = new ItemOf(value, Bound(link.Index)!, element);
            }
        }

        // Fewer subscripts than dimensions select nothing.
        return !hasSlice && value.Type.IsArray ? new Constant(null, InnermostElement(value.Type)) : value;

        Expr? Bound(Expression? syntax) => syntax is null ? null : CoerceSubscript(BindExpression(syntax, scope, context), syntax.Span);
    }

    private static SqlType InnermostElement(SqlType type) => type.Element is { } element ? InnermostElement(element) : type;

    private Expr CoerceSubscript(Expr index, SourceSpan span)
    {
        if (!index.Type.IsUnknown
            && TypeRules.FindPath(PgTypes.Int4.Oid, index.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
            throw new SqlException(SqlState.DatatypeMismatch, "array subscript must have type integer") { Position = span.Position };
        return Coerce(index, SqlType.Int4, CastContext.Assignment, span);
    }

    private Expr BindJsonSubscript(Expr value, SubscriptExpression link, BindScope scope, ExpressionContext context)
    {
        var key = BindExpression(link.Index!, scope, context);
        var isNumber = TypeRules.CanCoerce(key.Type.AnnouncedOid, PgTypes.Int4.Oid, CastContext.Implicit);
        if (!key.Type.IsUnknown && !isNumber && !TypeRules.CanCoerce(key.Type.AnnouncedOid, PgTypes.Text.Oid, CastContext.Implicit))
            throw new SqlException(SqlState.DatatypeMismatch, $"subscript type {key.Type} is not supported")
            {
                Position = SpanOf(key, link.Span).Position,
                Hint = "jsonb subscript must be coercible to either integer or text.",
            };
        if (!key.Type.IsUnknown && isNumber)
            key = Coerce(key, SqlType.Int4, CastContext.Assignment, link.Span);
        var step = new ArrayOf([Coerce(key, SqlType.Text, CastContext.Explicit, link.Span)], SqlType.Array(SqlType.Text));
        return new Call(_catalog.Function("jsonb_extract_path", SqlType.Jsonb, SqlType.Array(SqlType.Text)), [value, step], SqlType.Jsonb);
    }

    /// <summary>The table whose alias stands where a row is wanted; its fields go by the aliases of its columns.</summary>
    private static RangeEntry? AliasedTable(Expression operand, BindScope scope) =>
        operand is ColumnReference { Parts: [var name] parts } && NameResolution.FindColumn(scope, name, operand.Span) is null
            && NameResolution.FindTable(scope, parts.AsSpan(), operand.Span) is { FieldNames: not null } entry ? entry : null;

    private Expr BindField(FieldExpression field, BindScope scope, ExpressionContext context)
    {
        if (AliasedTable(field.Operand, scope) is { } table)
        {
            return table.Columns.FirstOrDefault(column => column.Name == field.Field) is { } column ? Mention(column)
                : throw NameResolution.ColumnMissing(scope, ((ColumnReference)field.Operand).Parts.AsSpan(), field.Field, field.Span);
        }

        var operand = BindExpression(field.Operand, scope, context);
        if (!operand.Type.IsRecord)
        {
            if (operand.Type is { IsArray: false, Base.Source.Kind: 'c' }) return FieldOfSourceType(operand, field);
            throw new SqlException(SqlState.WrongObjectType,
                $"column notation .{field.Field} applied to type {operand.Type}, which is not a composite type")
            {
                Position = field.Operand.Span.Position,
            };
        }

        for (var i = 0; i < operand.Type.Fields.Count; i++)
        {
            if (operand.Type.Fields[i].Name != field.Field) continue;
            return operand is RowOf row ? row.Items[i] : new FieldOf(operand, i, operand.Type.Fields[i].Type);
        }

        throw new SqlException(SqlState.UndefinedColumn, $"could not identify column \"{field.Field}\" in record data type")
        {
            Position = field.Span.Position,
        };
    }

    /// <summary>
    /// The literal of a multidimensional array has nested list types, which the one-dimensional declared type does not say.
    /// </summary>
    private static SqlType DimensionedType(SqlType type, object? value)
    {
        if (value is not PgArray { Lengths.Count: > 1 } array) return type;
        for (var i = 1; i < array.Lengths.Count; i++) type = SqlType.Array(type);
        return type;
    }
}
