using System.IO.Pipelines;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.PgWire.Types;
using Federation.ValueForms;

namespace Federation.PgWire.Tests;

/// <summary>Values inside values are quoted where they were written.</summary>
public sealed class NestedTextTests
{
    /// <summary>
    /// Texts with long runs of plain bytes and of bytes to escape, beyond what is moved between two looks at the statement's end.
    /// </summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(3, 5)]
    [InlineData(200_000, 2)]
    [InlineData(2, 200_000)]
    [InlineData(150_000, 150_000)]
    public void Escapes_are_put_in_their_places(int plain, int special)
    {
        var text = new string('a', plain) + string.Concat(Enumerable.Repeat("\"\\", special)) + new string('é', plain)
            + new string('"', special) + "b";
        Assert.Equal($"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
            Applied(TextEscapes.RecordField, text));
        Assert.Equal($"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
            Applied(TextEscapes.ArrayItem, text));
        var letters = new TextEscapes([((byte)'"', (byte)'\\', (byte)'q'), ((byte)'\\', (byte)'\\', (byte)'\\')], quote: null);
        Assert.Equal(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\q", StringComparison.Ordinal),
            Applied(letters, text));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void Records_in_records_are_written_as_the_values_are_formatted(int depth)
    {
        var (type, value) = Nested(depth);
        using var batch = Batch(type, value);
        var writer = new FrameWriter(new Pipe().Writer);
        writer.Begin(BackendMessageType.DataRow);
        var mark = writer.Mark;
        Codecs.Choose(type, Codecs.Text, TextFormat.Default).Write(writer, batch.Columns[0], 0);
        Assert.Equal(ValueText.Format(value, type, TextFormat.Default), System.Text.Encoding.UTF8.GetString(writer.WrittenSince(mark)));
    }

    [Fact]
    public void What_cannot_end_below_the_limit_of_values_is_not_begun()
    {
        var (type, value) = Nested(60);
        using var batch = Batch(type, value);
        var writer = new FrameWriter(new Pipe().Writer);
        writer.Begin(BackendMessageType.DataRow);
        var error = Assert.Throws<SqlException>(() =>
            Codecs.Choose(type, Codecs.Text, TextFormat.Default).Write(writer, batch.Columns[0], 0));
        Assert.Equal(SqlState.ProgramLimitExceeded, error.State);
        Assert.True(writer.Mark < 1000);
    }

    [Fact]
    public void The_end_of_a_statement_is_seen_within_a_value()
    {
        var (type, value) = Nested(9);
        using var batch = Batch(type, value);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var writer = new FrameWriter(new Pipe().Writer) { Interrupt = cancelled.Token };
        writer.Begin(BackendMessageType.DataRow);
        Assert.Throws<OperationCanceledException>(() =>
            Codecs.Choose(type, Codecs.Text, TextFormat.Default).Write(writer, batch.Columns[0], 0));
    }

    private static string Applied(TextEscapes escapes, string text)
    {
        var writer = new FrameWriter(new Pipe().Writer);
        writer.Begin(BackendMessageType.DataRow);
        writer.WriteText("before");
        var mark = writer.Mark;
        writer.WriteText(text);
        escapes.Apply(writer, mark);
        return System.Text.Encoding.UTF8.GetString(writer.WrittenSince(mark));
    }

    private static (SqlType Type, object?[] Value) Nested(int depth)
    {
        var type = SqlType.Record(new RecordField("f1", SqlType.Text));
        object?[] value = ["a \"b\\ c"];
        for (; depth > 1; depth--)
        {
            type = SqlType.Record(new RecordField("f1", type));
            value = [value];
        }

        return (type, value);
    }

    private static Batch Batch(SqlType type, object?[] value)
    {
        using var builder = new BatchBuilder(new BatchSchema([new Field("row", type)]));
        builder.Columns[0].AppendValue(value);
        builder.EndRow();
        return builder.Build();
    }
}
