namespace Federation.Core.Types;

/// <summary>A PostgreSQL object identifier: unsigned 32 bits on the wire.</summary>
public readonly record struct Oid(uint Value)
{
    public static readonly Oid None = new(0);

    public override string ToString() => Value.ToString();
}
