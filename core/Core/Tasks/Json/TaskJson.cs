using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core.Errors;

namespace Federation.Core.Tasks.Json;

/// <summary>
/// The form in which tasks travel between coordinator and workers: JSON, so that a task can be logged and read. Only records of this folder
/// are made from it, whatever the text says.
/// </summary>
public static class TaskJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        // Deeper than any type that the planner makes; far from the stack's end.
        MaxDepth = 64,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new EquatableArrayConverterFactory(), new SqlTypeConverter(), new ValueConverter(), new JsonStringEnumConverter() },
    };

    public static byte[] Write(TaskSpec task) => JsonSerializer.SerializeToUtf8Bytes(task, s_options);

    public static byte[] Write(TaskReport report) => JsonSerializer.SerializeToUtf8Bytes(report, s_options);

    /// <summary>Raises 08P01 for what is not a task.</summary>
    public static TaskSpec ReadTask(ReadOnlySpan<byte> json) => Read<TaskSpec>(json, "task");

    /// <summary>Raises 08P01 for what is not a report.</summary>
    public static TaskReport ReadReport(ReadOnlySpan<byte> json) => Read<TaskReport>(json, "task report");

    public static byte[] Write(WorkerTicket ticket) => JsonSerializer.SerializeToUtf8Bytes(ticket, s_options);

    /// <summary>Raises 08P01 for what is not a ticket.</summary>
    public static WorkerTicket ReadTicket(ReadOnlySpan<byte> json) => Read<WorkerTicket>(json, "ticket");

    private static T Read<T>(ReadOnlySpan<byte> json, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, s_options)
                ?? throw new SqlException(SqlState.ProtocolViolation, $"malformed {what}: null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or FormatException or OverflowException
            or InvalidOperationException or ArgumentException)
        {
            throw new SqlException(SqlState.ProtocolViolation, $"malformed {what}: {error.Message}", error);
        }
    }
}
