using System.Globalization;
using System.Text;
using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// A condition in the source's SQL. Constants that comparisons are made with can be sent beside the text, so that the source plans one
/// statement for all of them.
/// </summary>
/// <param name="Template">The SQL with a <see cref="Place"/> for each of the values, in their order.</param>
public sealed record RemoteCondition(string Template, EquatableArray<RemoteValue> Values)
{
    /// <summary>No SQL holds this character.</summary>
    public const char Place = '\0';

    /// <summary>Whether it compares something for equality with a value: few rows are likely to meet it.</summary>
    public bool IsPoint { get; init; }

    /// <summary>The SQL with the values in it.</summary>
    public override string ToString() => Write(value => value.Literal);

    /// <summary>The SQL with numbered parameters of the values' types; values are added to those of conditions written before.</summary>
    public string ToString(List<RemoteValue> values) => Write(value =>
    {
        values.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"${values.Count}::{value.TypeName}");
    });

    private string Write(Func<RemoteValue, string> write)
    {
        if (Values.Count == 0) return Template;
        var (text, next) = (new StringBuilder(), 0);
        foreach (var character in Template)
            if (character == Place) text.Append(write(Values[next++]));
            else text.Append(character);
        return text.ToString();
    }
}

/// <summary>A value as it is sent beside a statement.</summary>
/// <param name="Literal">The same within a statement.</param>
/// <param name="Text">Its text form, which the source reads as <paramref name="TypeName"/>; empty while it is not known.</param>
public sealed record RemoteValue(string Literal, string Text, string TypeName)
{
    /// <summary>The parameter of the query that has the value; zero for a constant.</summary>
    public int Parameter { get; init; }
}
