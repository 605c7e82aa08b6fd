using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core.Errors;

namespace Federation.Flight.Grpc;

/// <summary>
/// Errors in the trailers of a call: grpc-status and grpc-message for everybody, <c>sqlstate</c> for those who look, and
/// <c>federation-error-bin</c> (base64 of JSON) from which our client makes the same <see cref="SqlException"/> again.
/// </summary>
internal static partial class ErrorTrailers
{
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string State = "sqlstate";
    public const string Error = "federation-error-bin";

    /// <summary>Clients limit the headers that they take, commonly to 8 KB in all.</summary>
    private const int MaxTextLength = 1000;

    public static IEnumerable<KeyValuePair<string, string>> Of(SqlException error, GrpcStatus? status = null)
    {
        yield return new(Status,
            ((int)(status ?? GrpcStatuses.Of(error.State))).ToString(System.Globalization.CultureInfo.InvariantCulture));
        yield return new(Message, GrpcStatuses.EncodeMessage(Describe(error)));
        yield return new(State, error.State.Code);
        yield return new(Error, Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(ToForm(error), ErrorJson.Default.ErrorForm)));
    }

    /// <summary>The error that trailers tell; null when the call succeeded.</summary>
    public static SqlException? Read(Func<string, string?> find, string endpoint)
    {
        if (!int.TryParse(find(Status), out var number))
            return new SqlException(SqlState.ConnectionFailure, $"connection to {endpoint} ended before the call did");
        if (number == (int)GrpcStatus.Ok) return null;
        if (find(Error) is { } encoded && TryRead(encoded) is { } form) return FromForm(form);
        var status = Enum.IsDefined((GrpcStatus)number) ? (GrpcStatus)number : GrpcStatus.Unknown;
        var message = find(Message) is { Length: > 0 } text ? GrpcStatuses.DecodeMessage(text) : status.ToString();
        return new SqlException(find(State) is { Length: 5 } state ? new SqlState(state) : GrpcStatuses.ToState(status), message)
            { Where = $"call to {endpoint}" };
    }

    private static string Describe(SqlException error)
    {
        var text = new StringBuilder(Cut(error.Message));
        if (error.Detail is { } detail) text.Append("\nDETAIL:  ").Append(Cut(detail));
        if (error.Hint is { } hint) text.Append("\nHINT:  ").Append(Cut(hint));
        return text.ToString();
    }

    private static ErrorForm ToForm(SqlException error) => new(error.State.Code, Cut(error.Message))
    {
        IsFatal = error.IsFatal,
        Detail = Cut(error.Detail),
        Hint = Cut(error.Hint),
        Position = error.Position,
        Where = Cut(error.Where),
        LostWorker = Cut(error.LostWorker),
        NeedsWideNumerics = error.NeedsWideNumerics,
        SchemaName = Cut(error.SchemaName),
        TableName = Cut(error.TableName),
        ColumnName = Cut(error.ColumnName),
        DataTypeName = Cut(error.DataTypeName),
        ConstraintName = Cut(error.ConstraintName),
        Routine = Cut(error.Routine),
    };

    private static SqlException FromForm(ErrorForm form) => new(new SqlState(form.State), form.Message)
    {
        IsFatal = form.IsFatal,
        Detail = form.Detail,
        Hint = form.Hint,
        Position = form.Position,
        Where = form.Where,
        LostWorker = form.LostWorker,
        NeedsWideNumerics = form.NeedsWideNumerics,
        SchemaName = form.SchemaName,
        TableName = form.TableName,
        ColumnName = form.ColumnName,
        DataTypeName = form.DataTypeName,
        ConstraintName = form.ConstraintName,
        Routine = form.Routine,
    };

    private static ErrorForm? TryRead(string encoded)
    {
        try
        {
            // gRPC sends base64 without padding too.
            var padded = encoded.PadRight((encoded.Length + 3) / 4 * 4, '=');
            var form = JsonSerializer.Deserialize(Convert.FromBase64String(padded), ErrorJson.Default.ErrorForm);
            return form is { State.Length: 5, Message: not null } ? form : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string Cut(string? text) =>
        text is null ? null! : text.Length <= MaxTextLength ? text : string.Concat(text.AsSpan(0, MaxTextLength), "…");

    internal sealed record ErrorForm(string State, string Message)
    {
        public bool IsFatal { get; init; }

        public string? Detail { get; init; }

        public string? Hint { get; init; }

        public int Position { get; init; }

        public string? Where { get; init; }

        public string? LostWorker { get; init; }

        public bool NeedsWideNumerics { get; init; }

        public string? SchemaName { get; init; }

        public string? TableName { get; init; }

        public string? ColumnName { get; init; }

        public string? DataTypeName { get; init; }

        public string? ConstraintName { get; init; }

        public string? Routine { get; init; }
    }

    [JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(ErrorForm))]
    internal sealed partial class ErrorJson : JsonSerializerContext;
}
