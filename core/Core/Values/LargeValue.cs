namespace Federation.Core.Values;

/// <summary>
/// A text, in UTF-8, or a bytea too large to be copied from form to form: it goes from the client's message to the kernel as it is. Nothing
/// computes with it on the way.
/// </summary>
public sealed record LargeValue(bool IsText, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Smaller values have the forms of Values.cs.</summary>
    public const int LeastBytes = 1 << 20;

    /// <summary>Functions of the kernel that give the value of a handle, which stands in the place of a value that is not copied.</summary>
    public const string TextFunction = "pg_borrowed_text";

    public const string ByteaFunction = "pg_borrowed_bytea";

    /// <summary>The kernel reads the value where it is. A smaller one it copies, and plans with it as with a constant.</summary>
    public bool IsBorrowed => Bytes.Length >= LeastBytes;

    /// <summary>The value in the form of Values.cs.</summary>
    public object ToValue() => IsText ? System.Text.Encoding.UTF8.GetString(Bytes.Span) : Bytes.ToArray();
}
