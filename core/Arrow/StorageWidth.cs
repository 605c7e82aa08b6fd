using Federation.Core.Types;

namespace Federation.Arrow;

public static class StorageWidth
{
    /// <summary>
    /// Bytes per value of storages of fixed width; 0 for the others and for decimals, whose width depends on the precision.
    /// </summary>
    public static int Width(this Storage storage) => storage switch
    {
        Storage.Boolean => 1,
        Storage.Int16 => 2,
        Storage.Int32 or Storage.Float32 or Storage.Date => 4,
        Storage.Int64 or Storage.Float64 or Storage.Time or Storage.TimeTz or Storage.Timestamp => 8,
        Storage.Interval or Storage.Uuid => 16,
        _ => 0,
    };
}
