using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Function calls: overload resolution, named and default arguments, variadics, aggregates and windows (parse_func.c).</summary>
public sealed partial class Binder
{
    /// <summary>A chosen overload with the actual arguments in declared order.</summary>
    private sealed record Resolution(FunctionEntry Function, Oid[] Declared, Expr[] Arguments, bool ExpandsVariadic);

    /// <summary>FUNC_MAX_ARGS.</summary>
    private const int MostArguments = 100;

    private Expr BindCall(FunctionCall call, BindScope scope, ExpressionContext context)
    {
        var qualifier = call.Name.Qualifier;
        if (call.Name.Parts.Count > 2 || qualifier is not (null or "pg_catalog" or "information_schema" or "pg_federation"))
            throw SchemaOrFunctionMissing(call);

        if (call.Arguments.Count > MostArguments)
            throw new SqlException(SqlState.TooManyArguments, $"cannot pass more than {MostArguments} arguments to a function")
                { Position = call.Span.Position };
        var inner = ArgumentContext(call, context);
        var arguments = call.Arguments.Select(argument => BindExpression(argument.Value, scope, inner)).ToArray();
        var names = call.Arguments.Select(argument => argument.Name).ToArray();
        if (Array.Exists(arguments, IsVoidParameter))
        {
            // {? = call f(?)} of JDBC: what stands for the result is no argument.
            names = names.Where((_, i) => !IsVoidParameter(arguments[i])).ToArray();
            arguments = arguments.Where(argument => !IsVoidParameter(argument)).ToArray();
        }

        var orderedSet = call.WithinGroup.Count > 0;
        var sortArguments = orderedSet ? call.WithinGroup.Select(item => BindExpression(item.Expression, scope, inner)).ToArray() : [];
        var resolution = Resolve(call, [.. arguments, .. sortArguments], names);
        if (resolution is null) return BindTypeAsFunction(call, arguments) ?? throw FunctionMissing(call, [.. arguments, .. sortArguments]);

        var function = resolution.Function;
        if (function.Name is "array_cat" && JoinDimensions(resolution.Arguments[0], resolution.Arguments[1], null) is { } joined)
            return At(joined, call.Span);
        if (function.Name is "array_append" or "array_prepend"
            && resolution.Arguments[function.Name == "array_append" ? 0 : 1].Type.Element is { IsArray: true })
            throw new SqlException(SqlState.DataException, "argument must be empty or one-dimensional array");
        var (types, result) = ResolvePolymorphic(resolution.Declared, function.ResultType, resolution.Arguments, call.Span,
            $"function {function.Name}");
        if (function.OutputFields.Count > 0 && function.ResultType == PgTypes.Record.Oid)
            result = SqlType.Record(
                function.OutputFields
                    .Select(field =>
                        field with
                        {
                            Type = Concrete(field.Type.AnnouncedOid,
                                resolution.Arguments is [{ Type.Element: { } element }] ? element : null, null, field.Type),
                        }).ToArray());
        if (function.Name == "array_agg") RequirePlainItems(resolution.Arguments, call.Span);
        if (function.Name == "array_agg" && resolution.Arguments is [{ Type.IsArray: true } nested, ..])
            result = SqlType.Array(nested.Type);
        if (function.ResultType == PgTypes.Anyarray.Oid || function.ResultType == PgTypes.Anycompatiblearray.Oid
            || function.AggregateKind == 'o') result = Deepened(result, resolution.Arguments);
        if (function.Name == "array_fill" && resolution.Arguments.Skip(1).Any(argument => argument.Type.Element is { IsArray: true }))
            throw new SqlException(SqlState.ArraySubscriptError, "wrong number of array subscripts")
                { Detail = "Dimension array must be one dimensional." };
        if (function.Name == "array_fill" && resolution.Arguments is [_, ArrayOf { Items.Count: > 1 } lengths])
            result = Enumerable.Range(1, lengths.Items.Count - 1).Aggregate(result, (type, _) => SqlType.Array(type));
        if (function.Name == "unnest" && result.IsArray) result = InnermostElement(result);
        if (AnswerTypeQuestion(function, resolution.Arguments.ToEquatableArray(), call) is { } answer) return At(answer, call.Span);
        var coerced = resolution.Arguments
            .Select((argument, i) => AsShown(function,
                RepresentArgument(Coerce(argument, types[i], CastContext.Implicit, SpanOf(argument, call.Span)), types[i]), call.Span))
            .ToArray();
        if (call.IsVariadic && function.VariadicType == PgTypes.Any.Oid)
        {
            if (coerced[^1] is Constant { Value: null, Type.IsArray: false }) coerced[^1] = new Constant(null, SqlType.Array(SqlType.Text));
            if (!coerced[^1].Type.IsArray)
                throw new SqlException(SqlState.DatatypeMismatch, "VARIADIC argument must be an array")
                    { Position = SpanOf(resolution.Arguments[^1], call.Span).Position };
            function = function with { IsCalledVariadic = true };
        }

        if (function.Name is "lag" or "lead" && coerced.Length == 3)
        {
            var (_, united) = UnifyRepresentation([coerced[0], coerced[2]]);
            (coerced[0], coerced[2]) = (united[0], united[1]);
        }

        var plain = coerced.ToEquatableArray();
        if (resolution.ExpandsVariadic) plain = PackVariadic(function, coerced);
        RequireByteOrder(function, resolution.Arguments, call.Span);
        result = Collated(ShapeResult(function, plain, result).WithoutModifier(), resolution.Arguments);
        return function.Kind switch
        {
            FunctionKind.Aggregate => BindAggregate(call, function, plain, result, scope, context),
            FunctionKind.Window => BindWindowFunction(call, function, plain, result, scope, context),
            FunctionKind.Procedure => throw new SqlException(SqlState.WrongObjectType, $"{function} is a procedure")
            {
                Position = call.Span.Position,
                Hint = "To call a procedure, use CALL.",
            },
            _ => BindScalarCall(call, function, plain, result, context),
        };
    }

    private Expr BindScalarCall(FunctionCall call, FunctionEntry function, EquatableArray<Expr> arguments, SqlType result,
        ExpressionContext context)
    {
        void Refuse(bool condition, string what)
        {
            if (condition)
                throw new SqlException(SqlState.WrongObjectType, $"{what} specified, but {function.Name} is not an aggregate function")
                    { Position = call.Span.Position };
        }

        _hasSessionCalls |= SessionCalls.Is(function);
        Refuse(call.IsStar, $"{function.Name}(*)");
        Refuse(call.IsDistinct, "DISTINCT");
        Refuse(call.WithinGroup.Count > 0, "WITHIN GROUP");
        Refuse(call.OrderBy.Count > 0, "ORDER BY");
        Refuse(call.Filter is not null, "FILTER");
        if (call.Over is not null)
            throw new SqlException(SqlState.WrongObjectType,
                $"OVER specified, but {function.Name} is not a window function nor an aggregate function")
                    { Position = call.Span.Position };
        if (!function.ReturnsSet)
            return At(BindBody(call, function, arguments) ?? CastBehind(call, function, arguments) ?? new Call(function, arguments, result),
                call.Span);
        if (!context.AllowsSets)
            throw new SqlException(SqlState.FeatureNotSupported, $"set-returning functions are not allowed in {context.Name}")
                { Position = call.Span.Position };
        if (SqlFunctions.Find(function) is ScalarQueryExpression)
            throw new SqlException(SqlState.FeatureNotSupported, $"{function.Name} is supported only as an item of FROM of its own")
                { Position = call.Span.Position };
        return At(BindBody(call, function, arguments) ?? new SetCall(function, arguments, result), call.Span);
    }

    /// <summary>
    /// float8(1): the function of a cast, which computes what the cast does. Null for others, and where it has its own template.
    /// </summary>
    private Expr? CastBehind(FunctionCall call, FunctionEntry function, EquatableArray<Expr> arguments) =>
        arguments is [var argument] && Writing.KernelFunctions.Find(function) is null
            && _catalog.FindCast(function.ArgumentTypes[0], function.ResultType) is { Function: { } cast } && cast.Oid == function.Oid
            && SqlType.FromOid(function.ResultType) is { } target
            ? Coerce(argument, target, CastContext.Explicit, call.Span)
            : null;

    private static bool IsVoidParameter(Expr argument) => argument is Parameter && argument.Type.Base == PgTypes.Void;

    /// <summary>An array type with as many dimensions as the deepest argument: declared types do not say how many there are.</summary>
    private static SqlType Deepened(SqlType result, Expr[] arguments)
    {
        static int Depth(SqlType type) => type.Element is { } element ? 1 + Depth(element) : 0;
        var depth = Depth(result);
        if (depth == 0 || result.IsVector) return result;
        for (var deepest = arguments.Max(argument => argument.Type.IsVector ? 0 : Depth(argument.Type)); depth < deepest; depth++)
            result = SqlType.Array(result);
        return result;
    }

    private Resolution? Resolve(FunctionCall call, Expr[] arguments, string?[] names)
    {
        var actual = arguments.Select(argument => argument.Type.AnnouncedOid).ToArray();
        var candidates = new List<CandidateSelection.Candidate<Resolution>>();
        var name = call.Name.Qualifier is null or "pg_catalog" ? call.Name.Name : $"{call.Name.Qualifier}.{call.Name.Name}";
        foreach (var function in _catalog.FunctionsNamed(name))
        {
            if (call.IsStar && function.ArgumentTypes.Count > 0) continue;
            if (Arrange(function, arguments, names, call.IsVariadic) is not { } arranged) continue;
            candidates.Add(new CandidateSelection.Candidate<Resolution>(arranged, arranged.Declared));
        }

        // Candidates with defaults filled have more arguments than were written; what was written decides.
        bool IsExact(Resolution resolution) => resolution.Arguments.Length >= actual.Length
            && Enumerable.Range(0, resolution.Declared.Length).All(i =>
                !arguments.Contains(resolution.Arguments[i], ReferenceEqualityComparer.Instance)
                    || resolution.Declared[i] == resolution.Arguments[i].Type.AnnouncedOid);

        var exact = candidates.Where(candidate => IsExact(candidate.Item)).OrderBy(candidate => candidate.Item.ExpandsVariadic)
            .FirstOrDefault();
        if (exact is not null) return exact.Item;

        // A single-argument call of a type's name is a cast when nothing matches exactly.
        if (arguments.Length == 1 && call is { IsDistinct: false, Over: null, Filter: null } && (names.Length == 0 || names[0] is null)
            && FindCatalogType(call.Name.Name) is { } type
            && (actual[0] == TypeRules.Unknown
                || TypeRules.FindPath(type.AnnouncedOid, actual[0], CastContext.Explicit).Path is CoercionPath.Relabel
                    or CoercionPath.InputOutput))
            return null;

        var fitting = candidates.Where(candidate => candidate.Item.Arguments
            .Select((argument, i) => TypeRules.CanCoerce(argument.Type.AnnouncedOid, candidate.Item.Declared[i], CastContext.Implicit))
            .All(fits => fits)
            && PolymorphicTypes.AreConsistent(candidate.Item.Declared,
                candidate.Item.Arguments.Select(argument => argument.Type.AnnouncedOid).ToArray())).ToList();
        if (fitting.Count == 0) return null;
        if (fitting.Count == 1) return fitting[0].Item;

        // Arguments are compared by position among equal shapes; fewer expansions and defaults come first.
        var lengths = fitting.Where(candidate => !candidate.Item.ExpandsVariadic && candidate.Arguments.Length == actual.Length).ToList();
        if (lengths.Count > 0) fitting = lengths;
        if (fitting.Count == 1) return fitting[0].Item;
        var compared = fitting.Where(candidate => candidate.Arguments.Length >= actual.Length)
            .Select(candidate => candidate with { Arguments = candidate.Arguments[..actual.Length] }).ToList();
        var chosen = CandidateSelection.Select(actual, compared)?.Item;
        return chosen ?? throw new SqlException(SqlState.AmbiguousFunction, $"function {call.Name}({TypeList(arguments)}) is not unique")
        {
            Position = call.Span.Position,
            Hint = "Could not choose a best candidate function. You might need to add explicit type casts.",
        };
    }

    /// <summary>
    /// The actual arguments in the function's order with defaults filled in; null when they do not fit in number or name.
    /// </summary>
    private Resolution? Arrange(FunctionEntry function, Expr[] arguments, string?[] names, bool isVariadicCall)
    {
        var declared = function.ArgumentTypes.ToArray();
        var expands = false;
        if (function.VariadicType != Oid.None && !isVariadicCall && Array.TrueForAll(names, name => name is null))
        {
            // A variadic function also takes its array as one plain argument, but only with VARIADIC; "any" is always spread.
            if (arguments.Length < declared.Length) return null;
            var spread = function.VariadicType == PgTypes.Any.Oid ? PgTypes.Any.Oid
                : IsPolymorphicArray(declared[^1])
                    ? (declared[^1] == PgTypes.Anyarray.Oid ? PgTypes.Anyelement.Oid : PgTypes.Anycompatible.Oid)
                : function.VariadicType;
            declared = [.. declared[..^1], .. Enumerable.Repeat(spread, arguments.Length - declared.Length + 1)];
            expands = function.VariadicType != PgTypes.Any.Oid;
        }

        if (arguments.Length > declared.Length) return null;
        var arranged = new Expr?[declared.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            var slot = i;
            if (i < names.Length && names[i] is { } name)
            {
                slot = function.ArgumentNames.ToArray().AsSpan().IndexOf(name);
                if (slot < 0 || slot >= declared.Length) return null;
            }

            if (arranged[slot] is not null) return null;
            arranged[slot] = arguments[i];
        }

        var firstDefault = declared.Length - function.DefaultCount;
        for (var i = 0; i < arranged.Length; i++)
        {
            if (arranged[i] is not null) continue;
            if (i < firstDefault) return null;
            arranged[i] = DefaultOf(function, i - firstDefault);
        }

        return new Resolution(function, declared, arranged.Select(argument => argument!).ToArray(), expands);
    }

    private static bool IsPolymorphicArray(Oid type) => type == PgTypes.Anyarray.Oid || type == PgTypes.Anycompatiblearray.Oid;

    private Expr DefaultOf(FunctionEntry function, int index)
    {
        var items = SqlParser.ParseExpression($"ROW({function.Defaults})");
        return BindExpression(((RowExpression)items).Items[index], new BindScope(null), new ExpressionContext("DEFAULT"));
    }

    private EquatableArray<Expr> PackVariadic(FunctionEntry function, Expr[] arguments)
    {
        var fixedCount = function.ArgumentTypes.Count - 1;
        var (type, items) = UnifyRepresentation(arguments[fixedCount..]);
        return arguments[..fixedCount].Append(new ArrayOf(items.ToEquatableArray(), SqlType.Array(type))).ToEquatableArray();
    }

    /// <summary>int4('5'): the name of a type called like a function.</summary>
    private Expr? BindTypeAsFunction(FunctionCall call, Expr[] arguments)
    {
        if (arguments.Length != 1 || call.IsStar || FindCatalogType(call.Name.Name) is not { } type) return null;
        var source = arguments[0].Type.AnnouncedOid;
        if (source != TypeRules.Unknown)
        {
            // The text of a row is had only by a cast.
            var path = TypeRules.FindPath(type.AnnouncedOid, source, CastContext.Explicit).Path;
            if (path == CoercionPath.None
                || (path == CoercionPath.InputOutput && arguments[0].Type.IsRecord && type.Category == 'S')) return null;
        }

        return Coerce(arguments[0], type, CastContext.Explicit, call.Span);
    }

    private SqlException FunctionMissing(FunctionCall call, Expr[] arguments)
    {
        var list = call.IsStar ? "*" : string.Join(", ", arguments.Select((argument, i) =>
            i < call.Arguments.Count && call.Arguments[i].Name is { } name
                ? $"{name} => {argument.Type.WithoutModifier()}"
                : argument.Type.WithoutModifier().ToString()));
        if (call.IsStar && _catalog.FunctionsNamed(call.Name.Name).ToArray() is [{ Kind: FunctionKind.Aggregate }, ..])
        {
            return new SqlException(SqlState.WrongObjectType, $"{call.Name}(*) must be used to call a parameterless aggregate function")
                { Position = call.Span.Position };
        }

        if (OfSourceType(arguments, $"{call.Name}({list})", call.Span.Position) is { } refusal) return refusal;
        return new SqlException(SqlState.UndefinedFunction, $"function {call.Name}({list}) does not exist")
        {
            Position = call.Span.Position,
            Hint = "No function matches the given name and argument types. You might need to add explicit type casts.",
        };
    }

    private static SqlException SchemaOrFunctionMissing(FunctionCall call) =>
        new(SqlState.InvalidSchemaName, $"schema \"{call.Name.Qualifier}\" does not exist") { Position = call.Name.Span.Position };

    private static string TypeList(IEnumerable<Expr> arguments) =>
        string.Join(", ", arguments.Select(argument => argument.Type.WithoutModifier().ToString()));
}
