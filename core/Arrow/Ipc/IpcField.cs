using Federation.Core;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>A field of an Arrow schema: how its values are laid out in messages, and the type that a column of them has here.</summary>
/// <param name="Physical">The layout of the values; of a dictionary-encoded field the layout of the dictionary's values.</param>
/// <param name="Type">The type of the column that reading gives.</param>
internal sealed record IpcField(string Name, ArrowType Physical, SqlType Type, EquatableArray<IpcField> Children)
{
    /// <summary>Set for dictionary-encoded fields.</summary>
    public DictionaryEncoding? Dictionary { get; init; }

    /// <summary>Further metadata to write.</summary>
    public EquatableArray<KeyValuePair<string, string>> Metadata { get; init; }
}

/// <summary>The dictionary of a field, and the integers that refer to its values.</summary>
internal readonly record struct DictionaryEncoding(long Id, ArrowType Index);
