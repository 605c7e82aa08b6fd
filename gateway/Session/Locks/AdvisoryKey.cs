using System.Globalization;

namespace Federation.Session.Locks;

/// <summary>
/// What an advisory lock is on: one number of 64 bits, or two of 32, which never are the same lock (PostgreSQL manual, 9.27.10).
/// </summary>
internal readonly record struct AdvisoryKey(bool IsPair, long Value)
{
    public static AdvisoryKey Of(long value) => new(false, value);

    public static AdvisoryKey Of(int first, int second) => new(true, ((long)first << 32) | (uint)second);

    /// <summary>Its fields in pg_locks.</summary>
    public (uint ClassId, uint ObjectId, short ObjectSubId) Fields =>
        (unchecked((uint)(Value >> 32)), unchecked((uint)Value), (short)(IsPair ? 2 : 1));

    /// <param name="database">The first field, which PostgreSQL gives the database's OID.</param>
    public string Describe(uint database) =>
        string.Create(CultureInfo.InvariantCulture, $"[{database},{Fields.ClassId},{Fields.ObjectId},{Fields.ObjectSubId}]");
}
