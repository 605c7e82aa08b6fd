using Federation.Core;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>A named, typed column of a batch schema.</summary>
public sealed record Field(string Name, SqlType Type);

/// <summary>The columns of a stream of batches. Names may repeat.</summary>
public sealed record BatchSchema(EquatableArray<Field> Fields);

/// <summary>
/// Rows as columns. A batch has one owner, who disposes it; handing a batch on hands on the duty. Disposal frees or recycles the
/// memory that the columns view.
/// </summary>
public sealed class Batch(int rowCount, Column[] columns, IDisposable? owner) : IDisposable
{
    private IDisposable? _owner = owner;

    public int RowCount { get; } = rowCount;

    public Column[] Columns { get; } = columns;

    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
