using System.Globalization;
using Federation.CompatTests.Wire;

namespace Federation.CompatTests.Suite.Protocol;

/// <summary>A server and whom to be there.</summary>
internal sealed record ServerAddress(string Host, int Port, string User, string Database)
{
    public WireTarget Target => new(Host, Port, User, Database);

    // A cancelled statement has ten seconds to answer: on a machine that builds as well, the client's two are not always enough.
    public string ConnectionString =>
        string.Create(CultureInfo.InvariantCulture,
            $"Host={Host};Port={Port};Username={User};Database={Database};Pooling=false;Include Error Detail=true;Cancellation "
                + $"Timeout=10000");
}
