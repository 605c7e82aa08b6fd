using System.Numerics;

namespace Federation.Worker.Functions.Regex;

/// <summary>
/// A set of places in a text: 0 is before the first character. Kept as bits over the span from the least to the greatest place that it may
/// hold, so that a set of neighbours is small whatever the text's length. Not thread-safe.
/// </summary>
internal sealed class PlaceSet
{
    private readonly int _first;
    private readonly ulong[] _words;

    /// <param name="first">The least place that can be added.</param>
    /// <param name="last">The greatest one; none at all when it is less.</param>
    public PlaceSet(int first, int last)
    {
        _first = first & ~63;
        _words = last < first ? [] : new ulong[((last - _first) >> 6) + 1];
    }

    public static PlaceSet Of(int place)
    {
        var set = new PlaceSet(place, place);
        set.Add(place);
        return set;
    }

    public static PlaceSet Range(int first, int last)
    {
        var set = new PlaceSet(first, last);
        for (var place = first; place <= last; place++) set.Add(place);
        return set;
    }

    public bool IsEmpty => Next(0) < 0;

    /// <summary>The bounds that members lie in; the least is greater than the greatest when there are none.</summary>
    public int First => Next(0) is var place && place < 0 ? int.MaxValue : place;

    public int Last => Previous(int.MaxValue);

    public void Add(int place) => _words[(place - _first) >> 6] |= 1UL << place;

    public bool Contains(int place)
    {
        var word = place - _first;
        return word >= 0 && (word >>= 6) < _words.Length && (_words[word] >> place & 1) != 0;
    }

    /// <summary>The least member at or behind a place, -1 when there is none.</summary>
    public int Next(int place)
    {
        var offset = Math.Max(place - _first, 0);
        for (var word = offset >> 6; word < _words.Length; word++, offset = 0)
        {
            var bits = _words[word] & (ulong.MaxValue << (offset & 63));
            if (bits != 0) return _first + (word << 6) + BitOperations.TrailingZeroCount(bits);
        }

        return -1;
    }

    /// <summary>The greatest member at or before a place, -1 when there is none.</summary>
    public int Previous(int place)
    {
        if (place < _first) return -1;
        var offset = Math.Min(place - _first, (_words.Length << 6) - 1);
        for (var word = offset >> 6; word >= 0; word--, offset = 63)
        {
            var bits = _words[word] & (ulong.MaxValue >> (63 - (offset & 63)));
            if (bits != 0) return _first + (word << 6) + 63 - BitOperations.LeadingZeroCount(bits);
        }

        return -1;
    }

    public PlaceSet Union(PlaceSet other)
    {
        if (_words.Length == 0) return other;
        if (other._words.Length == 0) return this;
        var end = Math.Max(_first + (_words.Length << 6), other._first + (other._words.Length << 6));
        var union = new PlaceSet(Math.Min(_first, other._first), end - 1);
        foreach (var part in (ReadOnlySpan<PlaceSet>)[this, other])
            for (int i = 0, at = (part._first - union._first) >> 6; i < part._words.Length; i++)
                union._words[at + i] |= part._words[i];
        return union;
    }

    /// <summary>The members that are not in another set.</summary>
    public PlaceSet Except(PlaceSet other) => Restrict(other, keepsCommon: false);

    public PlaceSet Intersect(PlaceSet other) => Restrict(other, keepsCommon: true);

    private PlaceSet Restrict(PlaceSet other, bool keepsCommon)
    {
        if (_words.Length == 0) return this;
        var result = new PlaceSet(_first, _first + (_words.Length << 6) - 1);
        var shift = (_first - other._first) >> 6;
        for (var i = 0; i < _words.Length; i++)
        {
            var theirs = i + shift >= 0 && i + shift < other._words.Length ? other._words[i + shift] : 0;
            result._words[i] = _words[i] & (keepsCommon ? theirs : ~theirs);
        }

        return result;
    }
}
