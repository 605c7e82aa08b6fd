namespace Federation.Catalog;

/// <summary>What must hold in the version that a commit follows. Used by one thread at a time.</summary>
public interface ICommitCondition
{
    /// <summary>
    /// Raises 40001 when it does not hold. What is looked up in the snapshot stays as it is until the commit, or the condition is asked
    /// again.
    /// </summary>
    ValueTask RequireAsync(ICatalogSnapshot newest, CancellationToken cancellationToken);
}
