using Federation.Arrow;
using Federation.Core;

namespace Federation.SessionApi;

/// <summary>COPY … FROM: the columns that are sent, in order, and the format; options are validated.</summary>
public sealed record CopyIn(string Table, EquatableArray<ResultField> Fields, CopyFormat Format)
{
    public char Delimiter { get; init; } = '\t';

    public string NullText { get; init; } = "\\N";

    public CopyHeader Header { get; init; }

    public char Quote { get; init; } = '"';

    public char Escape { get; init; } = '"';

    /// <summary>Columns whose unquoted values are never NULL (FORCE_NOT_NULL).</summary>
    public EquatableArray<int> ForceNotNull { get; init; }

    /// <summary>Columns whose quoted values can be NULL too (FORCE_NULL).</summary>
    public EquatableArray<int> ForceNull { get; init; }

    /// <summary>Told of what is read.</summary>
    public CopyProgress Progress { get; init; } = new();
}

public enum CopyHeader
{
    None,

    /// <summary>The first line is passed over.</summary>
    Skip,

    /// <summary>The first line must name the columns.</summary>
    Match,
}

/// <summary>A portal that takes rows from the client.</summary>
public interface ICopyPortal : IPortal
{
    CopyIn CopyIn { get; }

    /// <summary>
    /// Takes the rows, whose columns are <see cref="CopyIn.Fields"/>, and gives their number. The portal disposes each batch. An error of
    /// the sequence ends the statement, and nothing of it stays.
    /// </summary>
    ValueTask<long> ReceiveAsync(IAsyncEnumerable<Batch> rows, CancellationToken cancellationToken);
}
