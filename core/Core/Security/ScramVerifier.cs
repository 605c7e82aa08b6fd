namespace Federation.Core.Security;

/// <summary>What RFC 5802 keeps of a password: enough to check it, not enough to log in elsewhere.</summary>
public sealed record ScramVerifier(int Iterations, EquatableArray<byte> Salt, EquatableArray<byte> StoredKey,
    EquatableArray<byte> ServerKey);
