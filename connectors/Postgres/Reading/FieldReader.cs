using System.Diagnostics.CodeAnalysis;
using Federation.Arrow;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// Reads the binary send format of one type into a column. One instance per column and scan: it may keep scratch memory, and it is not
/// thread-safe. NULLs are handled by the caller.
/// </summary>
internal abstract class FieldReader(string column)
{
    /// <summary>The column's name at the source, for messages.</summary>
    protected string ColumnName { get; } = column;

    public abstract void Read(ReadOnlySpan<byte> value, ColumnBuilder builder);

    protected void Demand(ReadOnlySpan<byte> value, int length)
    {
        if (value.Length != length) ThrowLength(value.Length);
    }

    [DoesNotReturn]
    protected void ThrowLength(int length) => throw new SqlException(
        SqlState.FdwInconsistentDescriptorInformation,
        $"column \"{ColumnName}\" has a value of {length} bytes, which its type does not have")
    {
        ColumnName = ColumnName,
        Hint = "The column's type may have changed; run the statement again.",
    };

    [DoesNotReturn]
    protected void ThrowDateTime(string what) =>
        throw new SqlException(SqlState.FeatureNotSupported, $"{what} of column \"{ColumnName}\" is out of range")
            { ColumnName = ColumnName };
}
