using System.Globalization;
using System.Text;
using System.Text.Json;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Writes the kernel expressions that read table columns from one file by field id, at every depth: fields may have been renamed, added,
/// dropped, reordered or widened since the file was written (spec, "Schema Evolution"). The kernel's own projection by id covers top-level
/// columns only.
/// </summary>
internal sealed class FileProjection
{
    private readonly string _path;
    private readonly ParquetFooter _footer;
    private readonly string _alias;
    private readonly IReadOnlyDictionary<ParquetField, string> _names;
    private Func<int, string?>? _constantOf;

    /// <param name="alias">The kernel's name of the raw scan.</param>
    public FileProjection(string path, ParquetFooter footer, NameMapping? mapping, string alias)
    {
        _path = path;
        _footer = footer;
        _alias = alias;
        _names = KernelNames.Of(footer);
        Ids = new FileIds(footer, mapping);
    }

    public FileIds Ids { get; }

    public bool Has(int fieldId) => Ids.Find(_footer.Columns, fieldId) is not null;

    /// <summary>The expression of a top-level column; its default or NULL when the file lacks it.</summary>
    /// <param name="constantOf">The constant of a field of it that the file lacks, by id; null where the default holds.</param>
    public string Column(IcebergField column, Func<int, string?>? constantOf = null)
    {
        _constantOf = constantOf;
        return Ids.Find(_footer.Columns, column.Id) is { } field
            ? Write($"{_alias}.{KernelText.Identifier(_names[field])}", field, column.Type, 0)
            : Default(column);
    }

    /// <summary>The expression of a primitive field at any depth of structs; null when the file lacks it.</summary>
    public string? Nested(int fieldId, IcebergType type)
    {
        foreach (var column in _footer.Columns)
            if (Reach($"{_alias}.{KernelText.Identifier(_names[column])}", column, fieldId) is var (text, field))
                return Write(text, field, type, 0);
        return null;
    }

    /// <summary>The constant of a field that the file lacks.</summary>
    public string Default(IcebergField field)
    {
        var type = SqlTypes.Of(field.Type, field.Name);
        if (field.InitialDefault is not { } json) return KernelText.Constant(null, type);
        if (field.Type is IcebergType.Primitive primitive)
        {
            var value = ReadDefault(json, primitive)
                ?? throw FormatErrors.Corrupt(_path, $"column \"{field.Name}\" has a default that is no {primitive}");
            return KernelText.Constant(value, type);
        }

        // A struct's default is an empty object: its fields have defaults of their own.
        return field.Type is IcebergType.Struct nested
            ? Pack(nested.Fields.Select(member => (member.Name, Default(member))))
            : throw new SqlException(SqlState.FeatureNotSupported, $"the default of column \"{field.Name}\" is not supported");
    }

    public string Leaf(string text, ParquetField field, IcebergType.Primitive target) =>
        LeafConversion.Write(text, field.IsLeaf && field.Repetition != Repetition.Repeated ? field : throw Mismatch(field, target), target)
        ?? throw Mismatch(field, target);

    public SqlException Mismatch(ParquetField field, IcebergType target) => new(
        SqlState.DataCorrupted,
        $"file \"{_path}\" does not fit the table: column \"{field.Name}\" is {Describe(field)} there and {target} in the table");

    private object? ReadDefault(string json, IcebergType.Primitive primitive)
    {
        try
        {
            return SingleValue.FromJson(json, primitive);
        }
        catch (JsonException error)
        {
            throw FormatErrors.Corrupt(_path, "a default is no JSON", error);
        }
    }

    private string Write(string text, ParquetField field, IcebergType target, int depth) => target switch
    {
        IcebergType.Primitive { Kind: IcebergKind.Unknown } => "NULL",
        IcebergType.Primitive primitive => Leaf(text, field, primitive),
        IcebergType.Struct nested => Struct(text, field, nested, depth),
        IcebergType.List list => List(text, field, list, depth),
        IcebergType.Map map => Map(text, field, map, depth),
        _ => throw Mismatch(field, target),
    };

    private string Struct(string text, ParquetField field, IcebergType.Struct target, int depth)
    {
        if (field.IsLeaf || field.ListItem is not null || field.MapEntry is not null || field.Repetition == Repetition.Repeated)
            throw Mismatch(field, target);
        var members = new List<(string Name, string Text)>(target.Fields.Count);
        // When nothing changed the struct itself is read, which the kernel can prune by leaf.
        var isSame = field.Children.Count == target.Fields.Count;
        for (var i = 0; i < target.Fields.Count; i++)
        {
            var member = target.Fields[i];
            if (Ids.Find(field.Children, member.Id) is not { } child)
            {
                isSame = false;
                members.Add((member.Name, _constantOf?.Invoke(member.Id) ?? Default(member)));
                continue;
            }

            var source = $"struct_extract({text}, {KernelText.Literal(child.Name)})";
            var written = Write(source, child, member.Type, depth);
            isSame = isSame && written == source && child.Name == member.Name && ReferenceEquals(field.Children[i], child);
            members.Add((member.Name, written));
        }

        return isSame ? text : $"CASE WHEN {text} IS NOT NULL THEN {Pack(members)} END";
    }

    private string List(string text, ParquetField field, IcebergType.List target, int depth)
    {
        var item = field.ListItem ?? throw Mismatch(field, target);
        var variable = "e" + depth.ToString(CultureInfo.InvariantCulture);
        // In lists of two levels the repeated field is the item itself.
        var written = item is { IsLeaf: true, Repetition: Repetition.Repeated } && target.Element.Type is IcebergType.Primitive primitive
            ? LeafConversion.Write(variable, item, primitive) ?? throw Mismatch(item, primitive)
            : Write(variable, item, target.Element.Type, depth + 1);
        return written == variable ? text : $"list_transform({text}, lambda {variable}: {written})";
    }

    private string Map(string text, ParquetField field, IcebergType.Map target, int depth)
    {
        if (field.MapEntry is not var (key, value)) throw Mismatch(field, target);
        return KernelJson.Map(
            text,
            raw => Write(raw, key, target.Key.Type, depth + 1), SqlTypes.Of(target.Key.Type, field.Name),
            raw => Write(raw, value, target.Value.Type, depth + 1), SqlTypes.Of(target.Value.Type, field.Name), depth);
    }

    private (string Text, ParquetField Field)? Reach(string text, ParquetField field, int fieldId)
    {
        if (Ids.IdOf(field) == fieldId) return (text, field);
        if (field.IsLeaf || field.ListItem is not null || field.MapEntry is not null) return null;
        foreach (var child in field.Children)
            if (Reach($"struct_extract({text}, {KernelText.Literal(child.Name)})", child, fieldId) is { } found)
                return found;
        return null;
    }

    private static string Pack(IEnumerable<(string Name, string Text)> members)
    {
        var text = new StringBuilder("struct_pack(");
        text.AppendJoin(", ", members.Select(member => $"{KernelText.Identifier(member.Name)} := {member.Text}"));
        return text.Append(')').ToString();
    }

    private static string Describe(ParquetField field) => field switch
    {
        { Physical: { } physical, Meaning: ParquetMeaning.None } => physical.ToString(),
        { Physical: { } physical, Meaning: ParquetMeaning.Decimal } => $"{physical} (decimal({field.Precision}, {field.Scale}))",
        { Physical: { } physical } => $"{physical} ({field.Meaning})",
        _ => field.Meaning is ParquetMeaning.None ? "a group" : field.Meaning.ToString(),
    };
}
