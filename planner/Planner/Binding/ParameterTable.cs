namespace Federation.Planner.Binding;

/// <summary>The types of $1, $2, … of one statement: declared by the client, or inferred from the first context that fixes them.</summary>
internal sealed class ParameterTable(IReadOnlyList<SqlType?> declared)
{
    private readonly List<SqlType?> _types = [.. declared];

    /// <summary>A parameter that nothing fixes is another part's: it counts as text here.</summary>
    public bool IgnoresUnused { get; init; }

    public Parameter Reference(int number, int position)
    {
        if (number is < 1 or > 65535)
            throw new SqlException(SqlState.UndefinedParameter, $"there is no parameter ${number}") { Position = position };
        while (_types.Count < number) _types.Add(null);
        return new Parameter(number, _types[number - 1] ?? SqlType.Unknown);
    }

    /// <summary>Fixes the type of a parameter that was unknown where it stands.</summary>
    public Parameter Infer(Parameter parameter, SqlType type, int position)
    {
        var present = _types[parameter.Number - 1];
        if (present is null)
        {
            // Modifiers say how a value is stored, not what the client sends.
            present = type.WithoutModifier();
            if (present.IsNumeric) present = SqlType.Numeric;
            _types[parameter.Number - 1] = present;
        }
        else if (!present.HasSameBase(type))
        {
            throw new SqlException(SqlState.AmbiguousParameter, $"inconsistent types deduced for parameter ${parameter.Number}")
            {
                Position = position,
                Detail = $"{present} versus {type}",
            };
        }

        return new Parameter(parameter.Number, present);
    }

    /// <summary>The final types. A parameter that no context fixed raises 42P18.</summary>
    public EquatableArray<SqlType> Resolve()
    {
        var missing = _types.FindIndex(type => type is null);
        if (missing >= 0 && !IgnoresUnused)
            throw new SqlException(SqlState.IndeterminateDatatype, $"could not determine data type of parameter ${missing + 1}");
        return _types.Select(type => type ?? SqlType.Unknown).ToEquatableArray();
    }
}
