using System.Runtime.InteropServices;
using System.Text;
using Federation.Arrow;
using Federation.Arrow.Ipc;

namespace Federation.FlightSql.Metadata;

/// <summary>
/// Builds a small record batch buffer by buffer, for types that no column has. Fields are added depth first, as the format orders them; no
/// value is NULL.
/// </summary>
internal sealed class RawBody
{
    private readonly BodyLayout _layout = new();
    private readonly List<(long Offset, byte[] Bytes)> _parts = [];

    /// <summary>A field with one buffer of values, behind an empty validity bitmap if the type has one.</summary>
    public void Add<T>(int length, bool hasValidity, params T[][] buffers)
        where T : unmanaged
    {
        _layout.Nodes.Add((length, 0));
        if (hasValidity) _layout.Reserve(0);
        foreach (var buffer in buffers) Append(MemoryMarshal.AsBytes<T>(buffer).ToArray());
    }

    /// <summary>A dense union: type numbers and offsets.</summary>
    public void Add(int length, bool hasValidity, sbyte[] types, int[] offsets)
    {
        Add(length, hasValidity, [types]);
        Append(MemoryMarshal.AsBytes<int>(offsets).ToArray());
    }

    public void AddTexts(IReadOnlyList<string> texts)
    {
        var offsets = new int[texts.Count + 1];
        var data = texts.Select(Encoding.UTF8.GetBytes).ToArray();
        for (var i = 0; i < data.Length; i++) offsets[i + 1] = offsets[i] + data[i].Length;
        Add(texts.Count, hasValidity: true, [offsets]);
        Append([.. data.SelectMany(text => text)]);
    }

    public IpcMessage ToMessage(long rows)
    {
        var body = new NativeBlock((int)_layout.Length);
        body.GetSpan().Clear();
        foreach (var (offset, bytes) in _parts) bytes.CopyTo(body.GetSpan()[(int)offset..]);
        return new IpcMessage(IpcHeader.WriteBatch(new FlatBuilder(), _layout, rows), body, rows);
    }

    private void Append(byte[] bytes) => _parts.Add((_layout.Reserve(bytes.Length), bytes));
}
