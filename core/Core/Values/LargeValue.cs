namespace Federation.Core.Values;

/// <summary>
/// A text, in UTF-8, or a bytea too large to be copied from form to form: it goes from the client's message to the kernel as it is. Nothing
/// computes with it on the way.
/// </summary>
public sealed record LargeValue(bool IsText, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Smaller values have the forms of Values.cs.</summary>
    public const int LeastBytes = 1 << 20;

    /// <summary>The value in the form of Values.cs.</summary>
    public object ToValue() => IsText ? System.Text.Encoding.UTF8.GetString(Bytes.Span) : Bytes.ToArray();
}
