using Federation.Core;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>
/// The schema of an Arrow stream (Schema.fbs, Message.fbs): what is written for a <see cref="BatchSchema"/>, or what another writer's
/// message says. Immutable; thread-safe.
/// </summary>
public sealed class IpcSchema
{
    private const int MaxDepth = 64;
    private const int MaxFields = 65_536;

    private IpcSchema(EquatableArray<IpcField> fields, ReadOnlyMemory<byte> message)
    {
        Fields = fields;
        Message = message;
        Batch = new BatchSchema(fields.Select(field => new Field(field.Name, field.Type)).ToEquatableArray());
    }

    /// <summary>Names and types of the columns.</summary>
    public BatchSchema Batch { get; }

    /// <summary>
    /// The schema message: a Message FlatBuffer without the frame of the stream format, as Flight's data_header carries it. Multiple of 8
    /// bytes.
    /// </summary>
    public ReadOnlyMemory<byte> Message { get; }

    internal EquatableArray<IpcField> Fields { get; }

    /// <summary>The schema as it is written for these columns.</summary>
    /// <param name="metadata">Further metadata of a column, by its index; null for none.</param>
    public static IpcSchema Encode(BatchSchema schema, IpcForm form = IpcForm.Portable,
        Func<int, EquatableArray<KeyValuePair<string, string>>>? metadata = null)
    {
        var fields = new IpcField[schema.Fields.Count];
        for (var i = 0; i < fields.Length; i++)
            fields[i] = IpcTypes.ToField(schema.Fields[i].Name, schema.Fields[i].Type, form, metadata?.Invoke(i) ?? default);
        return OfFields(fields);
    }

    /// <summary>A schema of fields that no batch of ours may have.</summary>
    internal static IpcSchema OfFields(IpcField[] fields)
    {
        var builder = new FlatBuilder();
        var references = new int[fields.Length];
        for (var i = 0; i < fields.Length; i++) references[i] = WriteField(builder, fields[i]);
        var vector = builder.AddReferences(references);
        builder.StartTable();
        builder.SetInt16(0, 0); // little endian
        builder.SetReference(1, vector);
        var root = builder.EndTable();
        return new IpcSchema(new EquatableArray<IpcField>(fields), IpcHeader.Finish(builder, IpcHeader.Schema, root, 0));
    }

    /// <summary>
    /// Reads a schema message. Raises 08P01 when it breaks the format, 0A000 for big-endian data and types that have no column.
    /// </summary>
    public static IpcSchema Decode(ReadOnlyMemory<byte> message)
    {
        var header = IpcHeader.Read(message.Span);
        if (header.Kind != IpcHeader.Schema) throw IpcErrors.Malformed($"message of kind {header.Kind} instead of a schema");
        if (header.Table.GetInt16(0) != 0) throw IpcErrors.Unsupported("data in big-endian byte order");
        var budget = MaxFields;
        return new IpcSchema(ReadFields(header.Table.GetVector(1, sizeof(uint)), 0, ref budget), message);
    }

    private static int WriteField(FlatBuilder builder, IpcField field)
    {
        var references = new int[field.Children.Count];
        for (var i = 0; i < references.Length; i++) references[i] = WriteField(builder, field.Children[i]);
        var name = builder.AddString(field.Name);
        var type = field.Physical.Write(builder);
        var children = builder.AddReferences(references);
        var metadata = WriteMetadata(builder, field.Metadata);
        builder.StartTable();
        builder.SetReference(0, name);
        builder.SetByte(1, 1); // nullable
        builder.SetByte(2, (byte)field.Physical.Kind);
        builder.SetReference(3, type);
        builder.SetReference(5, children);
        builder.SetReference(6, metadata);
        return builder.EndTable();
    }

    private static int WriteMetadata(FlatBuilder builder, EquatableArray<KeyValuePair<string, string>> metadata)
    {
        var pairs = new int[metadata.Count];
        for (var i = 0; i < pairs.Length; i++)
        {
            var key = builder.AddString(metadata[i].Key);
            var value = builder.AddString(metadata[i].Value);
            builder.StartTable();
            builder.SetReference(0, key);
            builder.SetReference(1, value);
            pairs[i] = builder.EndTable();
        }

        return builder.AddReferences(pairs);
    }

    private static EquatableArray<IpcField> ReadFields(FlatVector vector, int depth, ref int budget)
    {
        if (depth > MaxDepth) throw IpcErrors.TooLarge("type nesting");
        budget -= vector.Count;
        if (budget < 0) throw IpcErrors.TooLarge("schema");
        var fields = new IpcField[vector.Count];
        for (var i = 0; i < fields.Length; i++) fields[i] = ReadField(vector.Table(i), depth, ref budget);
        return new EquatableArray<IpcField>(fields);
    }

    private static IpcField ReadField(FlatTable table, int depth, ref int budget)
    {
        var kind = (ArrowKind)table.GetByte(2);
        if (kind == ArrowKind.Union) throw IpcErrors.Unsupported("union");
        var physical = ArrowType.Read(kind, table.GetTable(3, "type of a field"));
        var children = ReadFields(table.GetVector(5, sizeof(uint)), depth + 1, ref budget);
        DemandChildren(physical, children);
        var dictionary = table.TryGetTable(4, out var encoding) ? ReadDictionary(encoding) : (DictionaryEncoding?)null;
        var type = IpcTypes.ToSqlType(physical, children, ReadMetadata(table.GetVector(6, sizeof(uint))));
        return new IpcField(table.GetString(0) ?? "", physical, type, children) { Dictionary = dictionary };
    }

    private static void DemandChildren(ArrowType physical, EquatableArray<IpcField> children)
    {
        int? expected = physical.Kind switch
        {
            ArrowKind.Struct => null,
            ArrowKind.RunEndEncoded => 2,
            ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView or ArrowKind.FixedSizeList
                or ArrowKind.Map => 1,
            _ => 0,
        };
        if (expected is { } count && children.Count != count)
            throw IpcErrors.Malformed($"{children.Count} children of a field of type {physical.Kind}");
        if (physical.Kind == ArrowKind.Map && children[0].Physical.Kind != ArrowKind.Struct)
            throw IpcErrors.Malformed("entries of a map are no structs");
        if (physical.Kind == ArrowKind.RunEndEncoded
            && (children[0] is not { Physical: { Kind: ArrowKind.Int, IsSigned: true, Width: > 8 }, Dictionary: null }))
            throw IpcErrors.Malformed("run ends are no integers");
    }

    private static DictionaryEncoding ReadDictionary(FlatTable table)
    {
        // An absent index type is a signed 32-bit integer.
        var index = table.TryGetTable(1, out var type) ? ArrowType.Read(ArrowKind.Int, type) : ArrowType.Int(32);
        return table.GetInt16(3) == 0 ? new DictionaryEncoding(table.GetInt64(0), index) : throw IpcErrors.Unsupported("dictionary kind");
    }

    private static Dictionary<string, string> ReadMetadata(FlatVector vector)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < vector.Count; i++)
        {
            var pair = vector.Table(i);
            metadata[pair.GetString(0) ?? ""] = pair.GetString(1) ?? "";
        }

        return metadata;
    }
}
