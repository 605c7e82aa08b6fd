using Federation.Core;

namespace Federation.Connectors.Spi;

/// <summary>
/// A lakehouse table format (Iceberg, Delta, Hudi) as the managed catalog uses it. The catalog stores a <see cref="TablePointer"/> per
/// table and version; the format reads what it points to. A format also implements <see cref="IScanPlanner"/> and
/// <see cref="IFilterPushdown"/>.
/// </summary>
public interface ITableFormat
{
    /// <summary>Lower-case name: iceberg, delta, hudi.</summary>
    string Name { get; }

    /// <summary>
    /// Looks at a table folder, or at one metadata file of it, and gives the pointer to its current state; null when it is not of this
    /// format. Broken metadata is a <c>SqlException</c> that names the file.
    /// </summary>
    ValueTask<TablePointer?> InspectAsync(string location, CancellationToken cancellationToken);

    /// <summary>Loads the pinned state of a table, or an older one of its versions.</summary>
    ValueTask<ConnectorTable> LoadAsync(TablePointer pointer, TableVersion? version, CancellationToken cancellationToken);
}

/// <summary>What pins one table at one catalog version.</summary>
/// <param name="Location">The table's folder where it is now; a recorded location with another prefix is mapped to it.</param>
/// <param name="Metadata">The metadata file or version that is current; its meaning belongs to the format. Empty: the newest one of the
/// folder, whenever the table is looked up.</param>
/// <param name="Uuid">The table's own identity when the format has one.</param>
public sealed record TablePointer(string Format, string Location, string Metadata, string? Uuid = null)
{
    /// <summary>The branch that is read and changed; null for the main one. The catalog keeps no pointer with a branch.</summary>
    public string? Branch { get; init; }

    /// <summary>Small changes on top of the metadata; null when there are none. They are of the main branch alone.</summary>
    public TableTail? Tail { get; init; }
}
