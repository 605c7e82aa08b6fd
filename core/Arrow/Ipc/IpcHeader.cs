namespace Federation.Arrow.Ipc;

/// <summary>
/// The Message table that every header is (Message.fbs): version, kind of the content, the content, length of the body behind it.
/// </summary>
internal readonly ref struct IpcHeader
{
    public const byte Schema = 1;
    public const byte DictionaryBatch = 2;
    public const byte RecordBatch = 3;

    private const short VersionV4 = 3;
    private const short VersionV5 = 4;

    public byte Kind { get; private init; }

    public FlatTable Table { get; private init; }

    public long BodyLength { get; private init; }

    public static IpcHeader Read(ReadOnlySpan<byte> message)
    {
        var root = FlatTable.Root(message);
        var version = root.GetInt16(0);
        if (version is not (VersionV4 or VersionV5)) throw IpcErrors.Unsupported($"metadata version {version + 1}");
        var length = root.GetInt64(3);
        if (length < 0) throw IpcErrors.Malformed("negative body length");
        return new IpcHeader { Kind = root.GetByte(1), Table = root.GetTable(2, "content"), BodyLength = length };
    }

    /// <summary>The header of a record batch whose buffers lie as the layout says.</summary>
    public static byte[] WriteBatch(FlatBuilder builder, BodyLayout layout, long rows)
    {
        builder.Reset();
        var buffers = builder.AddPairs(layout.Buffers);
        var nodes = builder.AddPairs(layout.Nodes);
        builder.StartTable();
        builder.SetInt64(0, rows);
        builder.SetReference(1, nodes);
        builder.SetReference(2, buffers);
        return Finish(builder, RecordBatch, builder.EndTable(), layout.Length);
    }

    public static byte[] Finish(FlatBuilder builder, byte kind, int content, long bodyLength)
    {
        builder.StartTable();
        // Without the default: some readers check the alignment of what is there from 4 bytes further on, where 64 bits never lie right.
        if (bodyLength != 0) builder.SetInt64(3, bodyLength);
        builder.SetReference(2, content);
        builder.SetInt16(0, VersionV5);
        builder.SetByte(1, kind);
        return builder.Finish(builder.EndTable());
    }
}
