using Federation.Connectors.Spi;

namespace Federation.Connectors.Postgres;

/// <summary>PostgreSQL sources. The second name lets definitions written for postgres_fdw work unchanged.</summary>
public sealed class PostgresConnectorFactory(string wrapperName = PostgresConnectorFactory.DefaultName) : IConnectorFactory
{
    public const string DefaultName = "postgres";
    public const string CompatibleName = "postgres_fdw";

    public string WrapperName { get; } = wrapperName;

    public IReadOnlyList<ConnectorOption> Options => PostgresOptions.All;

    public IConnector Create(ConnectorDefinition definition) => new PostgresConnector(definition, TimeProvider.System);
}
