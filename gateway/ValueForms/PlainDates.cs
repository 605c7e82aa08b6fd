using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>Dates from 0001-01-01 to 9999-12-31 as yyyy-mm-dd. Those that data is full of come from a table.</summary>
internal static unsafe class PlainDates
{
    /// <summary>Bytes of a date.</summary>
    public const int Length = 10;

    // Days since 1970-01-01 of the table, 16 bytes each so that one copy moves a date.
    private const int SlotBytes = 16;
    private const int FirstDay = -3653;
    private const int DayCount = 36_525;

    private static readonly byte[] s_dates = MakeTable();

    /// <summary>Gives the place behind the date; the six bytes there may be overwritten.</summary>
    public static byte* Write(byte* target, int days)
    {
        var index = (uint)(days - FirstDay);
        if (index >= DayCount) return Compute(target, days);
        Unsafe.WriteUnaligned(target,
            Unsafe.ReadUnaligned<UInt128>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(s_dates), index * SlotBytes)));
        return target + Length;
    }

    private static byte* Compute(byte* target, int days)
    {
        var (year, month, day) = Calendar.CivilFromDays(days);
        Digits.WriteTwo(target, year / 100);
        Digits.WriteTwo(target + 2, year % 100);
        target[4] = (byte)'-';
        Digits.WriteTwo(target + 5, month);
        target[7] = (byte)'-';
        Digits.WriteTwo(target + 8, day);
        return target + Length;
    }

    /// <summary>From 1960 on, a hundred years.</summary>
    private static byte[] MakeTable()
    {
        var dates = new byte[DayCount * SlotBytes];
        fixed (byte* start = dates)
        {
            for (var i = 0; i < DayCount; i++) Compute(start + (i * SlotBytes), FirstDay + i);
        }

        return dates;
    }
}
