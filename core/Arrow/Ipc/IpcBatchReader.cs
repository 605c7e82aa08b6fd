namespace Federation.Arrow.Ipc;

/// <summary>
/// Decodes the record batches and dictionaries that follow a schema. A batch views the body that it was decoded from and owns it;
/// dictionaries are kept until they are replaced or the reader is disposed. Batches outlive the reader. One reader per stream; not
/// thread-safe.
/// </summary>
/// <param name="schema">What the stream began with.</param>
/// <param name="trustsValues">
/// True between our own processes: UTF-8 and the range of times are not checked. Lengths and offsets always are.
/// </param>
public sealed class IpcBatchReader(IpcSchema schema, bool trustsValues = false) : IDisposable
{
    /// <summary>Bytes that converting the values of a message may take beyond <see cref="BudgetFactor"/> times its length.</summary>
    private const long BaseBudget = 256 << 20;

    private const long BudgetFactor = 32;

    private readonly Dictionary<long, DictionaryValues> _dictionaries = [];

    public IpcSchema Schema { get; } = schema;

    /// <summary>
    /// The batch of a record batch message; null for a dictionary, which is remembered. Takes over the body, also when it throws. Raises
    /// 08P01 for bytes that break the format, 0A000 for what is not supported, 54000 for messages that ask for far more memory than was
    /// sent, 22021 and 22008 for values that no column may hold.
    /// </summary>
    public Batch? Read(ReadOnlySpan<byte> header, NativeBlock? body)
    {
        var memory = new BatchMemory(body, BaseBudget + (BudgetFactor * (body?.Length ?? 0)));
        try
        {
            var message = IpcHeader.Read(header);
            if (message.BodyLength > (body?.Length ?? 0))
                throw IpcErrors.Malformed($"a body of {body?.Length ?? 0} bytes instead of {message.BodyLength}");
            switch (message.Kind)
            {
                case IpcHeader.RecordBatch: return ReadBatch(message.Table, memory);
                case IpcHeader.DictionaryBatch:
                    ReadDictionary(message.Table, memory);
                    return null;
                default: throw IpcErrors.Malformed($"message of kind {message.Kind} within a stream");
            }
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var dictionary in _dictionaries.Values) dictionary.Memory.Dispose();
        _dictionaries.Clear();
    }

    private Batch ReadBatch(FlatTable table, BatchMemory memory)
    {
        var length = table.GetInt64(0);
        if (length is < 0 or > int.MaxValue) throw IpcErrors.Malformed($"a batch of {length} rows");
        var decoder = new BatchDecoder(table, memory, _dictionaries, trustsValues);
        var columns = new Column[Schema.Fields.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = decoder.Read(Schema.Fields[i]);
            if (columns[i].Length != length) throw IpcErrors.Malformed($"a column of {columns[i].Length} rows in a batch of {length}");
        }

        return new Batch((int)length, columns, memory);
    }

    private void ReadDictionary(FlatTable table, BatchMemory memory)
    {
        var id = table.GetInt64(0);
        var field = Find(Schema.Fields, id) ?? throw IpcErrors.Malformed($"dictionary {id} belongs to no field");
        var decoder = new BatchDecoder(table.GetTable(1, "dictionary values"), memory, _dictionaries, trustsValues);
        var column = decoder.Read(field with { Dictionary = null });
        if (_dictionaries.Remove(id, out var known))
        {
            if (!table.GetBoolean(2))
            {
                known.Memory.Dispose();
            }
            else
            {
                // What has grown points into the old memory.
                memory.Hold(known.Memory);
                column = Gather.Concatenate(known.Column, column, memory);
            }
        }

        _dictionaries.Add(id, new DictionaryValues(column, memory));
    }

    private static IpcField? Find(Core.EquatableArray<IpcField> fields, long id)
    {
        foreach (var field in fields)
        {
            if (field.Dictionary?.Id == id) return field;
            if (Find(field.Children, id) is { } found) return found;
        }

        return null;
    }
}
