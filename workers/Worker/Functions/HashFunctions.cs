using System.Globalization;
using System.Numerics;
using Federation.Core.Hashing;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>The hash of Iceberg's bucket transform, by the form of its input. Called by tasks that write files.</summary>
internal static class HashFunctions
{
    public static readonly ScalarFunction[] All =
    [
        new("pg_murmur3_long", [SqlType.Int8], SqlType.Int4, static (ref FunctionRow row) => row.Set(Murmur3.Hash(row.Get<long>(0)))),
        new("pg_murmur3_text", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) => row.Set(Murmur3.Hash(row.GetBytes(0)))),
        new("pg_murmur3_bytes", [SqlType.Bytea], SqlType.Int4, static (ref FunctionRow row) => row.Set(Murmur3.Hash(row.GetBytes(0)))),
        // All digits of a decimal, with its sign.
        new("pg_murmur3_number", [SqlType.Text], SqlType.Int4, static (ref FunctionRow row) =>
        {
            var number = Int128.Parse(row.GetBytes(0), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            Span<byte> bytes = stackalloc byte[16];
            ((IBinaryInteger<Int128>)number).WriteBigEndian(bytes);
            // The shortest form that has the sign.
            while (bytes.Length > 1 && (bytes[0] == 0 ? bytes[1] < 0x80 : bytes[0] == 0xff && bytes[1] >= 0x80)) bytes = bytes[1..];
            row.Set(Murmur3.Hash(bytes));
        }),
    ];
}
