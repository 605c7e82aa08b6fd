using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// CREATE and ALTER SERVER, user mappings: how sources are attached. Options are checked against what the wrapper declares.
/// </summary>
internal static class ServerStatements
{
    public static ValueTask<string> RunAsync(QuerySession session, SessionServices services, Statement statement,
        CancellationToken cancellationToken) => statement switch
    {
        CreateServerStatement create => CreateAsync(session, services, create, cancellationToken),
        AlterServerStatement alter => AlterAsync(session, services, alter, cancellationToken),
        CreateUserMappingStatement create => CreateMappingAsync(session, services, create, cancellationToken),
        AlterUserMappingStatement alter => AlterMappingAsync(session, services, alter, cancellationToken),
        DropUserMappingStatement drop => DropMappingAsync(session, drop, cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(statement.GetType().Name),
    };

    private static async ValueTask<string> CreateAsync(QuerySession session, SessionServices services, CreateServerStatement create,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var factory = services.Connectors.FindFactory(create.Wrapper);
        if (await catalog.FindServerAsync(create.Name, cancellationToken) is not null || Catalogs.TableResolver.IsManaged(create.Name))
        {
            if (!create.IfNotExists) throw new SqlException(SqlState.DuplicateObject, $"server \"{create.Name}\" already exists");
            session.Notify(NoticeSeverity.Notice, SqlState.DuplicateObject, $"server \"{create.Name}\" already exists, skipping");
            return "CREATE SERVER";
        }

        await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User,
            new AccessTarget(AccessKind.Wrapper, create.Wrapper), null, cancellationToken);
        var options = Apply([], create.Options, factory, OptionScope.Server);
        foreach (var required in factory.Options.Where(option => option is { IsRequired: true, Scope: OptionScope.Server }))
        {
            if (!options.Exists(option => option.Key == required.Name))
                throw new SqlException(SqlState.FdwOptionNameNotFound,
                    $"option \"{required.Name}\" is required by foreign-data wrapper \"{create.Wrapper}\"")
                        { Detail = required.Description };
        }

        var server = new ServerEntry(Oid.None, create.Name, create.Wrapper, session.User, options.ToEquatableArray())
            { Type = create.Type, ServerVersion = create.Version };
        CheckOptions(session, services, server);
        await session.Transaction.ChangeAsync(new CatalogChange.Create(server), cancellationToken);
        return "CREATE SERVER";
    }

    private static async ValueTask<string> AlterAsync(QuerySession session, SessionServices services, AlterServerStatement alter,
        CancellationToken cancellationToken)
    {
        var server = await FindServerAsync(session, alter.Name, cancellationToken);
        await (await session.RightsAsync(cancellationToken)).RequireOwnerAsync(session.User, server.Owner, "foreign server", server.Name,
            cancellationToken);
        var options = Apply([.. server.Options], alter.Options, services.Connectors.FindFactory(server.Wrapper), OptionScope.Server);
        var changed = server with { Options = options.ToEquatableArray(), ServerVersion = alter.Version ?? server.ServerVersion };
        CheckOptions(session, services, changed);
        await BindSecretsAsync(session, services, server, cancellationToken);
        await session.Transaction.ChangeAsync(new CatalogChange.Alter(changed), cancellationToken);
        return "ALTER SERVER";
    }

    /// <summary>
    /// Mappings of catalogs from before secrets were bound to an address: theirs are those of the address that the server has had until
    /// now.
    /// </summary>
    private static async ValueTask BindSecretsAsync(QuerySession session, SessionServices services, ServerEntry server,
        CancellationToken cancellationToken)
    {
        foreach (var mapping in await (await session.Transaction.GetCatalogAsync(cancellationToken)).ListUserMappingsAsync(server.Name,
            cancellationToken))
        {
            if (mapping.SecretsFor is null && services.Connectors.HoldsSecret(server, mapping))
                await session.Transaction.ChangeAsync(
                    new CatalogChange.Alter(mapping with { SecretsFor = services.Connectors.AddressOf(server) }), cancellationToken);
        }
    }

    /// <summary>
    /// Lets the connector read its options. User mappings come after the server, so that a connector that needs one is shown the session's
    /// user.
    /// </summary>
    private static void CheckOptions(QuerySession session, SessionServices services, ServerEntry server)
    {
        var needsUser = services.Connectors.FindFactory(server.Wrapper).Options
            .Any(option => option is { Scope: OptionScope.UserMapping, Name: "user" });
        var mapping = new UserMappingEntry(Oid.None, server.Name, session.User, [KeyValuePair.Create("user", session.User)]);
        services.Connectors.Get(server, needsUser ? mapping : null);
    }

    private static async ValueTask<string> CreateMappingAsync(QuerySession session, SessionServices services,
        CreateUserMappingStatement create, CancellationToken cancellationToken)
    {
        var server = await FindServerAsync(session, create.Server, cancellationToken);
        var user = await RequireMayMapAsync(session, server, create.User, cancellationToken);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindUserMappingAsync(server.Name, user, cancellationToken) is { } present && present.User == user)
        {
            var message = $"user mapping for \"{user}\" already exists for server \"{server.Name}\"";
            if (!create.IfNotExists) throw new SqlException(SqlState.DuplicateObject, message);
            session.Notify(NoticeSeverity.Notice, SqlState.DuplicateObject, message + ", skipping");
            return "CREATE USER MAPPING";
        }

        var options = Apply([], create.Options, services.Connectors.FindFactory(server.Wrapper), OptionScope.UserMapping);
        await session.Transaction.ChangeAsync(
            new CatalogChange.Create(Bound(services, server, new UserMappingEntry(Oid.None, server.Name, user, options.ToEquatableArray()),
                create.Options)), cancellationToken);
        return "CREATE USER MAPPING";
    }

    private static async ValueTask<string> AlterMappingAsync(QuerySession session, SessionServices services,
        AlterUserMappingStatement alter, CancellationToken cancellationToken)
    {
        var server = await FindServerAsync(session, alter.Server, cancellationToken);
        var user = await RequireMayMapAsync(session, server, alter.User, cancellationToken);
        var mapping = await FindMappingAsync(session, server.Name, user, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedObject, $"user mapping for \"{user}\" does not exist for server \"{server.Name}\"");
        var options = Apply([.. mapping.Options], alter.Options, services.Connectors.FindFactory(server.Wrapper), OptionScope.UserMapping);
        await session.Transaction
            .ChangeAsync(
                new CatalogChange.Alter(Bound(services, server, mapping with { Options = options.ToEquatableArray() }, alter.Options)),
                cancellationToken);
        return "ALTER USER MAPPING";
    }

    private static async ValueTask<string> DropMappingAsync(QuerySession session, DropUserMappingStatement drop,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindServerAsync(drop.Server, cancellationToken) is not { } server)
        {
            if (!drop.IfExists) throw new SqlException(SqlState.UndefinedObject, $"server \"{drop.Server}\" does not exist");
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"server \"{drop.Server}\" does not exist, skipping");
            return "DROP USER MAPPING";
        }

        if (drop.IfExists
            && await (await session.RightsAsync(cancellationToken)).FindRoleAsync(RoleStatements.Named(session, drop.User),
                cancellationToken) is null && drop.User != UserMappingEntry.Everybody)
        {
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"role \"{drop.User}\" does not exist, skipping");
            return "DROP USER MAPPING";
        }

        var user = await RequireMayMapAsync(session, server, drop.User, cancellationToken);
        if (await FindMappingAsync(session, drop.Server, user, cancellationToken) is not { } mapping)
        {
            var message = $"user mapping for \"{user}\" does not exist for server \"{drop.Server}\"";
            if (!drop.IfExists) throw new SqlException(SqlState.UndefinedObject, message);
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, message + ", skipping");
            return "DROP USER MAPPING";
        }

        await session.Transaction.ChangeAsync(new CatalogChange.Drop(mapping.Key), cancellationToken);
        return "DROP USER MAPPING";
    }

    private static async ValueTask<ServerEntry> FindServerAsync(QuerySession session, string name, CancellationToken cancellationToken) =>
        await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindServerAsync(name, cancellationToken)
        ?? throw new SqlException(SqlState.UndefinedObject, $"server \"{name}\" does not exist");

    private static async ValueTask<UserMappingEntry?> FindMappingAsync(QuerySession session, string server, string user,
        CancellationToken cancellationToken)
    {
        var mapping =
            await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindUserMappingAsync(server, user, cancellationToken);
        return mapping?.User == user ? mapping : null;
    }

    /// <summary>
    /// The user that a mapping is for. A server's owner makes mappings for everybody, who may use the server one for itself.
    /// </summary>
    private static async ValueTask<string> RequireMayMapAsync(QuerySession session, ServerEntry server, string name,
        CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var user = RoleStatements.Named(session, name);
        if (user != UserMappingEntry.Everybody) await rights.RequireRoleAsync(user, cancellationToken);
        if (await rights.HasRightsOfAsync(session.User, server.Owner, cancellationToken)) return user;
        if (user == session.User)
            await rights.RequireAsync(session.User, new AccessTarget(AccessKind.Server, server.Name), server.Owner, cancellationToken);
        else await rights.RequireOwnerAsync(session.User, server.Owner, "foreign server", server.Name, cancellationToken);
        return user;
    }

    /// <summary>The mapping with its secrets bound to the server's present address, when the statement gives any.</summary>
    private static UserMappingEntry Bound(SessionServices services, ServerEntry server, UserMappingEntry mapping,
        EquatableArray<ServerOption> given)
    {
        if (!services.Connectors.HoldsSecret(server, mapping)) return mapping with { SecretsFor = null };
        var isGiven = given.Any(option => option.Action != OptionAction.Drop && services.Connectors.IsSecret(server, option.Name));
        return isGiven ? mapping with { SecretsFor = services.Connectors.AddressOf(server) } : mapping;
    }

    private static List<KeyValuePair<string, string>> Apply(
        List<KeyValuePair<string, string>> present, EquatableArray<ServerOption> changes, IConnectorFactory factory, OptionScope scope)
    {
        foreach (var change in changes)
        {
            var index = present.FindIndex(option => option.Key == change.Name);
            if (index < 0 && change.Action is OptionAction.Set or OptionAction.Drop)
                throw new SqlException(SqlState.UndefinedObject, $"option \"{change.Name}\" not found") { Position = change.Span.Position };
            if (index >= 0 && change.Action == OptionAction.Add)
                throw new SqlException(SqlState.DuplicateObject, $"option \"{change.Name}\" provided more than once")
                    { Position = change.Span.Position };
            if (change.Action == OptionAction.Drop)
            {
                present.RemoveAt(index);
                continue;
            }

            RequireKnown(change, factory, scope);
            var option = KeyValuePair.Create(change.Name, change.Value ?? "");
            if (index >= 0) present[index] = option;
            else present.Add(option);
        }

        return present;
    }

    private static void RequireKnown(ServerOption change, IConnectorFactory factory, OptionScope scope)
    {
        if (factory.Options.Any(option => option.Name == change.Name && option.Scope == scope)) return;
        var elsewhere = factory.Options.Any(option => option.Name == change.Name);
        throw new SqlException(SqlState.FdwInvalidOptionName, $"invalid option \"{change.Name}\"")
        {
            Position = change.Span.Position,
            Hint = elsewhere
                ? $"The option belongs to the {(scope == OptionScope.Server ? "user mapping" : "server")}."
                : "Valid options in this context are: "
                    + $"{string.Join(", ", factory.Options.Where(option => option.Scope == scope).Select(option => option.Name))}",
        };
    }
}
