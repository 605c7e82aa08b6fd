namespace Federation.Worker.Functions.Regex;

/// <summary>A text as characters, which in .NET's strings may be two units, and where each begins in the string.</summary>
internal sealed class AreText
{
    private readonly int[]? _offsets;
    private readonly int[]? _points;

    public AreText(string text)
    {
        Text = text;
        Length = text.Length;
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) return;
        IsWide = true;
        var (points, offsets) = (new List<int>(text.Length), new List<int>(text.Length + 1));
        for (var i = 0; i < text.Length; i++)
        {
            offsets.Add(i);
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) points.Add(char.ConvertToUtf32(text[i], text[++i]));
            else points.Add(text[i]);
        }

        offsets.Add(text.Length);
        (_points, _offsets, Length) = ([.. points], [.. offsets], points.Count);
    }

    public string Text { get; }

    /// <summary>In characters.</summary>
    public int Length { get; }

    /// <summary>True when there are characters beyond U+FFFF.</summary>
    public bool IsWide { get; }

    public int this[int place] => _points is null ? Text[place] : _points[place];

    /// <summary>The unit of the string at which a place lies.</summary>
    public int OffsetOf(int place) => _offsets is null ? place : _offsets[place];

    /// <summary>The place of a unit that begins a character, or of the end.</summary>
    public int PlaceOf(int offset)
    {
        if (_offsets is null) return offset;
        var place = Array.BinarySearch(_offsets, offset);
        return place < 0 ? ~place : place;
    }

    public AreSpan Span(int begin, int end) => new(OffsetOf(begin), OffsetOf(end) - OffsetOf(begin));
}
