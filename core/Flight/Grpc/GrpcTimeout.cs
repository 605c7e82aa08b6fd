using System.Globalization;
using Federation.Core.Errors;

namespace Federation.Flight.Grpc;

/// <summary>The grpc-timeout header: up to eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class GrpcTimeout
{
    public const string Header = "grpc-timeout";

    private const int MostDigits = 8;

    public static TimeSpan Parse(string text)
    {
        if (text.Length is < 2 or > MostDigits + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            throw Invalid(text);
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(value),
            'M' => TimeSpan.FromMinutes(value),
            'S' => TimeSpan.FromSeconds(value),
            'm' => TimeSpan.FromMilliseconds(value),
            'u' => TimeSpan.FromMicroseconds(value),
            'n' => new TimeSpan((value + 99) / 100),
            _ => throw Invalid(text),
        };
    }

    public static string Format(TimeSpan timeout)
    {
        var milliseconds = (long)Math.Max(timeout.TotalMilliseconds, 1);
        return milliseconds < 100_000_000 ? $"{milliseconds}m" : $"{milliseconds / 1000}S";
    }

    private static SqlException Invalid(string text) => new(SqlState.ProtocolViolation, $"invalid grpc-timeout \"{text}\"");
}
