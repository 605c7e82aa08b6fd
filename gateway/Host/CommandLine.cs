using System.CommandLine;
using System.Globalization;
using System.Net;
using Federation.Core.Errors;

namespace Federation.Host;

/// <summary>Values of options; raises 22023 with the option's name for one that cannot be, so that it is found at the start.</summary>
internal static class CommandLine
{
    public static int Within(this ParseResult parsed, Option<int> option, int least, int most)
    {
        var value = parsed.GetValue(option);
        if (value >= least && value <= most) return value;
        throw new SqlException(SqlState.InvalidParameterValue,
            string.Create(CultureInfo.InvariantCulture, $"{option.Name} {value} is outside the valid range ({least} .. {most})"));
    }

    public static IPAddress Address(this ParseResult parsed, Option<string> option) =>
        IPAddress.TryParse(parsed.GetValue(option), out var address)
            ? address
            : throw new SqlException(SqlState.InvalidParameterValue, $"{option.Name} \"{parsed.GetValue(option)}\" is not an IP address");
}
