using System.Globalization;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.SessionApi;

namespace Federation.PgWire.Protocol;

/// <summary>Writers of the backend messages that are not rows; the code is the layout table of the protocol page.</summary>
internal static class BackendMessages
{
    public static void WriteAuthentication(FrameWriter writer, int code, ReadOnlySpan<byte> data = default)
    {
        writer.Begin(BackendMessageType.Authentication);
        writer.WriteInt32(code);
        writer.WriteBytes(data);
        writer.End();
    }

    public static void WriteSaslMechanisms(FrameWriter writer, ReadOnlySpan<string> mechanisms)
    {
        writer.Begin(BackendMessageType.Authentication);
        writer.WriteInt32(AuthenticationCodes.Sasl);
        foreach (var mechanism in mechanisms) writer.WriteCString(mechanism);
        writer.WriteByte(0);
        writer.End();
    }

    public static void WriteBackendKeyData(FrameWriter writer, int processId, ReadOnlySpan<byte> secret)
    {
        writer.Begin(BackendMessageType.BackendKeyData);
        writer.WriteInt32(processId);
        writer.WriteBytes(secret);
        writer.End();
    }

    /// <summary>The version is the full number, major and minor, as PostgreSQL sends it and libpq reads it.</summary>
    public static void WriteNegotiateProtocolVersion(FrameWriter writer, int version, IReadOnlyList<string> unknownOptions)
    {
        writer.Begin(BackendMessageType.NegotiateProtocolVersion);
        writer.WriteInt32(version);
        writer.WriteInt32(unknownOptions.Count);
        foreach (var option in unknownOptions) writer.WriteCString(option);
        writer.End();
    }

    public static void WriteParameterStatus(FrameWriter writer, string name, string value)
    {
        writer.Begin(BackendMessageType.ParameterStatus);
        writer.WriteCString(name);
        writer.WriteCString(value);
        writer.End();
    }

    public static void WriteReadyForQuery(FrameWriter writer, TransactionStatus status)
    {
        writer.Begin(BackendMessageType.ReadyForQuery);
        writer.WriteByte(status switch
        {
            TransactionStatus.Idle => (byte)'I',
            TransactionStatus.InTransaction => (byte)'T',
            _ => (byte)'E',
        });
        writer.End();
    }

    public static void WriteCommandComplete(FrameWriter writer, string tag)
    {
        writer.Begin(BackendMessageType.CommandComplete);
        writer.WriteCString(tag);
        writer.End();
    }

    public static void WriteParameterDescription(FrameWriter writer, EquatableArray<SqlType> types)
    {
        writer.Begin(BackendMessageType.ParameterDescription);
        writer.WriteInt16((short)types.Count);
        foreach (var type in types) writer.WriteInt32((int)type.AnnouncedOid.Value);
        writer.End();
    }

    /// <summary><paramref name="formats"/> may be empty (all text), one for all columns, or one for each.</summary>
    public static void WriteRowDescription(FrameWriter writer, EquatableArray<ResultField> fields, ReadOnlySpan<short> formats)
    {
        writer.Begin(BackendMessageType.RowDescription);
        writer.WriteInt16((short)fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            var field = fields[i];
            writer.WriteCString(field.Name);
            writer.WriteInt32((int)field.TableOid.Value);
            writer.WriteInt16(field.AttributeNumber);
            writer.WriteInt32((int)field.Type.AnnouncedOid.Value);
            writer.WriteInt16(field.Type.AnnouncedLength);
            writer.WriteInt32(field.Type.Modifier);
            writer.WriteInt16(formats.Length switch { 0 => 0, 1 => formats[0], _ => formats[i] });
        }

        writer.End();
    }

    public static void WriteCopyOutResponse(FrameWriter writer, CopyOut copy) =>
        WriteCopyResponse(writer, BackendMessageType.CopyOutResponse, copy.Format, copy.Fields.Count);

    public static void WriteCopyInResponse(FrameWriter writer, CopyIn copy) =>
        WriteCopyResponse(writer, BackendMessageType.CopyInResponse, copy.Format, copy.Fields.Count);

    private static void WriteCopyResponse(FrameWriter writer, BackendMessageType type, CopyFormat copyFormat, int columns)
    {
        var format = copyFormat == CopyFormat.Binary ? 1 : 0;
        writer.Begin(type);
        writer.WriteByte((byte)format);
        writer.WriteInt16((short)columns);
        for (var i = 0; i < columns; i++) writer.WriteInt16((short)format);
        writer.End();
    }

    public static void WriteError(FrameWriter writer, SqlException error)
    {
        var severity = error.IsFatal ? "FATAL" : "ERROR";
        writer.Begin(BackendMessageType.ErrorResponse);
        WriteField(writer, 'S', severity);
        WriteField(writer, 'V', severity);
        WriteField(writer, 'C', error.State.Code);
        WriteField(writer, 'M', error.Message);
        WriteField(writer, 'D', error.Detail);
        WriteField(writer, 'H', error.Hint);
        if (error.Position > 0) WriteField(writer, 'P', error.Position.ToString(CultureInfo.InvariantCulture));
        WriteField(writer, 'W', error.Where);
        WriteField(writer, 's', error.SchemaName);
        WriteField(writer, 't', error.TableName);
        WriteField(writer, 'c', error.ColumnName);
        WriteField(writer, 'd', error.DataTypeName);
        WriteField(writer, 'n', error.ConstraintName);
        WriteField(writer, 'R', error.Routine);
        writer.WriteByte(0);
        writer.End();
    }

    public static void WriteNotice(FrameWriter writer, SqlNotice notice)
    {
        var severity = notice.Severity switch
        {
            NoticeSeverity.Debug => "DEBUG",
            NoticeSeverity.Log => "LOG",
            NoticeSeverity.Info => "INFO",
            NoticeSeverity.Warning => "WARNING",
            _ => "NOTICE",
        };
        writer.Begin(BackendMessageType.NoticeResponse);
        WriteField(writer, 'S', severity);
        WriteField(writer, 'V', severity);
        WriteField(writer, 'C', notice.State.Code);
        WriteField(writer, 'M', notice.Message);
        WriteField(writer, 'D', notice.Detail);
        WriteField(writer, 'H', notice.Hint);
        if (notice.Position > 0) WriteField(writer, 'P', notice.Position.ToString(CultureInfo.InvariantCulture));
        writer.WriteByte(0);
        writer.End();
    }

    private static void WriteField(FrameWriter writer, char field, string? value)
    {
        if (value is null) return;
        writer.WriteByte((byte)field);
        // A zero byte would end the field early.
        writer.WriteCString(value.Contains('\0', StringComparison.Ordinal) ? value.Replace("\0", "", StringComparison.Ordinal) : value);
    }
}

/// <summary>The int32 that follows the type byte of Authentication messages.</summary>
internal static class AuthenticationCodes
{
    public const int Ok = 0;
    public const int ClearTextPassword = 3;
    public const int Sasl = 10;
    public const int SaslContinue = 11;
    public const int SaslFinal = 12;
}
