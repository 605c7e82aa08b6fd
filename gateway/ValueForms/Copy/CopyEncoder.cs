using Federation.Arrow;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// Writes batches as COPY's data, each row as part of a record that the caller begins and ends. Nothing is allocated per row. Not
/// thread-safe.
/// </summary>
/// <param name="copy">Format and options.</param>
/// <param name="format">How values are written as text.</param>
public sealed class CopyEncoder(CopyOut copy, TextFormat format)
{
    private readonly ICopyRowFormat _format = copy.Format switch
    {
        CopyFormat.Binary => new BinaryCopyFormat(),
        CopyFormat.Csv => new CsvCopyFormat(copy),
        _ => new TextCopyFormat(copy),
    };

    private ColumnEncoder[]? _encoders;

    /// <summary>What comes before the first row; false when there is nothing.</summary>
    public bool WriteHeader(ByteWriter writer) => _format.WriteHeader(writer);

    public void WriteRow(ByteWriter writer, Batch batch, int row) =>
        _format.WriteRow(writer, batch, _encoders ??= ChooseEncoders(batch), row);

    /// <summary>What comes behind the last row; false when there is nothing.</summary>
    public bool WriteTrailer(ByteWriter writer) => _format.WriteTrailer(writer);

    /// <summary>The column knows the decimal shape of its numbers; the announced type need not.</summary>
    private ColumnEncoder[] ChooseEncoders(Batch batch)
    {
        var code = copy.Format == CopyFormat.Binary ? Codecs.Binary : Codecs.Text;
        return copy.Fields.Select((field, i) =>
            Codecs.Choose(batch.Columns[i].Type.HasSameBase(field.Type) ? batch.Columns[i].Type : field.Type, code, format)).ToArray();
    }
}

/// <summary>The layout of one row of copy data.</summary>
internal interface ICopyRowFormat
{
    /// <summary>False when nothing was written.</summary>
    bool WriteHeader(ByteWriter writer);

    void WriteRow(ByteWriter writer, Batch batch, ColumnEncoder[] encoders, int row);

    /// <summary>False when nothing was written.</summary>
    bool WriteTrailer(ByteWriter writer);
}
