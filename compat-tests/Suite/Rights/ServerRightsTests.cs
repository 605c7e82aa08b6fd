using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>Servers and mappings belong to their owners, and a password goes only where it was given for.</summary>
public sealed class ServerRightsTests(RightsGateway gateway) : IClassFixture<RightsGateway>
{
    [Fact]
    public async Task Nobody_leads_the_password_of_another_elsewhere()
    {
        await using var thief = new PasswordThief();
        await using var root = gateway.Source("root");
        await using var alice = gateway.Source("alice");
        await using var bob = gateway.Source("bob");
        await DoAsync(root, "GRANT USAGE ON FOREIGN DATA WRAPPER postgres TO alice");
        await DoAsync(alice, "CREATE SERVER shop FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '1', connect_timeout '2')");
        await DoAsync(alice, "CREATE USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (user 'reader', password 'Pa55-w0rd-SECRET')");

        var move = $"ALTER SERVER shop OPTIONS (SET port '{thief.Port}')";
        await FailAsync(bob, move, "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "DROP SERVER shop CASCADE", "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "ALTER SERVER shop OWNER TO bob", "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "CREATE USER MAPPING FOR carol SERVER shop", "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "CREATE USER MAPPING FOR PUBLIC SERVER shop", "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "ALTER USER MAPPING FOR alice SERVER shop OPTIONS (SET user 'x')", "42501",
            "must be owner of foreign server shop");
        await FailAsync(bob, "DROP USER MAPPING FOR alice SERVER shop", "42501", "must be owner of foreign server shop");
        await FailAsync(bob, "CREATE USER MAPPING FOR bob SERVER shop", "42501", "permission denied for foreign server shop");
        await FailAsync(bob, "SELECT * FROM shop.public.t", "42501", "permission denied for foreign server shop");
        await FailAsync(bob, "GRANT USAGE ON FOREIGN SERVER shop TO bob", "42501", "permission denied for foreign server shop");
        await FailAsync(bob, "CREATE SERVER own FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1')", "42501",
            "permission denied for foreign-data wrapper postgres");

        // Even who may change the server does not learn what others gave for its address.
        await DoAsync(root, move);
        var error = await FailAsync(alice, "SELECT * FROM shop.public.t", "28000",
            "the password in the user mapping for \"alice\" was given for another address of server \"shop\"");
        Assert.Contains("ALTER USER MAPPING", error.Hint, StringComparison.Ordinal);
        Assert.Equal(0, thief.Connections);

        // Given again it is meant for the new address.
        await DoAsync(alice, "ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (SET user 'reader2')");
        await FailAsync(alice, "SELECT * FROM shop.public.t", "28000", null);
        await DoAsync(alice, "ALTER USER MAPPING FOR CURRENT_USER SERVER shop OPTIONS (SET password 'meant for it')");
        await Assert.ThrowsAsync<PostgresException>(() => DoAsync(alice, "SELECT * FROM shop.public.t"));
        Assert.Equal("meant for it", Assert.Single(thief.Passwords.Distinct()));

        // The same for everybody's mapping, and within a transaction.
        await DoAsync(alice, "GRANT USAGE ON FOREIGN SERVER shop TO bob");
        await DoAsync(alice, "CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user 'any', password 'for all')");
        await FailAsync(bob, move, "42501", "must be owner of foreign server shop");
        await using (var connection = await gateway.ConnectAsync("root"))
        {
            await using var batch = new NpgsqlCommand("BEGIN; ALTER SERVER shop OPTIONS (SET host 'localhost'); SET ROLE bob", connection);
            await batch.ExecuteNonQueryAsync();
            var before = thief.Connections;
            await using var query = new NpgsqlCommand("SELECT * FROM shop.public.t", connection);
            Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresException>(() => query.ExecuteNonQueryAsync())).SqlState);
            Assert.Equal(before, thief.Connections);
        }
    }

    [Fact]
    public async Task A_mapping_is_shown_without_secrets_and_only_to_whom_it_concerns()
    {
        await using var root = gateway.Source("root");
        await DoAsync(root, "CREATE SERVER shown FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '1')");
        await DoAsync(root, "CREATE USER MAPPING FOR alice SERVER shown OPTIONS (user 'reader', password 'hidden-1')");
        await DoAsync(root, "CREATE USER MAPPING FOR PUBLIC SERVER shown OPTIONS (user 'any', password 'hidden-2')");
        await DoAsync(root, "GRANT USAGE ON FOREIGN SERVER shown TO alice");
        const string mappings =
            "SELECT string_agg(usename || ' ' || coalesce(umoptions::text, '-'), ' ' ORDER BY usename) FROM pg_user_mappings WHERE "
                + "srvname = 'shown'";
        foreach (var (user, expected) in ((string, string)[])[("root", "alice {user=reader} public {user=any}"),
            ("alice", "alice {user=reader} public -"), ("bob", "alice - public -")])
        {
            await using var source = gateway.Source(user);
            await using var command = source.CreateCommand(mappings);
            Assert.Equal(expected, await command.ExecuteScalarAsync());
        }
    }

    [Fact]
    public async Task Own_mappings_and_those_of_everybody_in_a_transaction()
    {
        await using var root = gateway.Source("root");
        await DoAsync(root, "CREATE SERVER pair FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '1')");
        await DoAsync(root, "CREATE USER MAPPING FOR CURRENT_USER SERVER pair OPTIONS (user 'own')");
        await using var connection = await gateway.ConnectAsync("root");
        await using var transaction = await connection.BeginTransactionAsync();

        // Everybody's mapping does not hide the own one: that is there already.
        await ExecuteAsync(connection, "CREATE USER MAPPING FOR PUBLIC SERVER pair OPTIONS (user 'any')");
        await ExecuteAsync(connection, "SAVEPOINT s");
        await using (var again = new NpgsqlCommand("CREATE USER MAPPING FOR CURRENT_USER SERVER pair", connection))
            Assert.Equal("42710", (await Assert.ThrowsAsync<PostgresException>(() => again.ExecuteNonQueryAsync())).SqlState);
        await ExecuteAsync(connection, "ROLLBACK TO s");

        // A dropped own one leaves everybody's.
        await ExecuteAsync(connection, "DROP USER MAPPING FOR CURRENT_USER SERVER pair");
        await using var query = new NpgsqlCommand("SELECT * FROM pair.public.t", connection);
        var error = await Assert.ThrowsAsync<PostgresException>(() => query.ExecuteNonQueryAsync());
        Assert.StartsWith("08", error.SqlState, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grants_end_and_pass_on_as_they_were_given()
    {
        await using var root = gateway.Source("root");
        await using var alice = gateway.Source("alice");
        await using var bob = gateway.Source("bob");
        await using var carol = gateway.Source("carol");
        await DoAsync(root, "CREATE SERVER files1 FOREIGN DATA WRAPPER files OPTIONS (root '" + gateway.Files + "')");
        await File.WriteAllTextAsync(Path.Combine(gateway.Files, "t.csv"), "a\n1\n");
        await FailAsync(alice, "SELECT * FROM files1.public.t", "42501", "permission denied for foreign server files1");
        Assert.Equal(0L, await ScalarAsync(alice, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'files1.public'"));
        await DoAsync(root, "GRANT USAGE ON FOREIGN SERVER files1 TO alice WITH GRANT OPTION");
        Assert.Equal(1L, await ScalarAsync(alice, "SELECT a FROM files1.public.t"));
        Assert.Equal(1L, await ScalarAsync(alice, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'files1.public'"));
        await DoAsync(alice, "GRANT ALL ON FOREIGN SERVER files1 TO bob");
        Assert.Equal(1L, await ScalarAsync(bob, "SELECT a FROM files1.public.t"));
        await FailAsync(bob, "GRANT USAGE ON FOREIGN SERVER files1 TO carol", "42501", "permission denied for foreign server files1");
        await FailAsync(root, "GRANT SELECT ON FOREIGN SERVER files1 TO carol", "0LP01",
            "invalid privilege type SELECT for foreign server");
        await FailAsync(root, "GRANT USAGE ON FOREIGN SERVER files1 TO nosuch", "42704", "role \"nosuch\" does not exist");
        await FailAsync(root, "GRANT USAGE ON FOREIGN SERVER nosuch TO carol", "42704", "server \"nosuch\" does not exist");
        await FailAsync(root, "REVOKE USAGE ON FOREIGN SERVER files1 FROM alice", "2BP01", "dependent privileges exist");
        await FailAsync(root, "DROP ROLE bob", "2BP01", "role \"bob\" cannot be dropped because some objects depend on it");
        await DoAsync(root, "REVOKE USAGE ON FOREIGN SERVER files1 FROM alice CASCADE");
        await FailAsync(bob, "SELECT a FROM files1.public.t", "42501", "permission denied for foreign server files1");

        // By a role, by everybody, and no more once the role is gone.
        await DoAsync(root, "CREATE ROLE readers; GRANT readers TO carol; GRANT USAGE ON FOREIGN SERVER files1 TO readers");
        Assert.Equal(1L, await ScalarAsync(carol, "SELECT a FROM files1.public.t"));
        await DoAsync(root, "ALTER ROLE readers RENAME TO lectors");
        Assert.Equal(1L, await ScalarAsync(carol, "SELECT a FROM files1.public.t"));
        await DoAsync(root, "REVOKE lectors FROM carol");
        await FailAsync(carol, "SELECT a FROM files1.public.t", "42501", "permission denied for foreign server files1");
        await DoAsync(root, "GRANT USAGE ON FOREIGN SERVER files1 TO PUBLIC");
        Assert.Equal(1L, await ScalarAsync(bob, "SELECT a FROM files1.public.t"));

        // A statement prepared as another user is bound anew.
        await DoAsync(root, "REVOKE USAGE ON FOREIGN SERVER files1 FROM PUBLIC");
        await using var connection = await gateway.ConnectAsync("root");
        await ExecuteAsync(connection, "PREPARE q AS SELECT a FROM files1.public.t; EXECUTE q; SET ROLE bob");
        await using var execute = new NpgsqlCommand("EXECUTE q", connection);
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => execute.ExecuteNonQueryAsync())).SqlState);
    }

    [Fact]
    public async Task Schemas_and_tables_belong_to_their_owners()
    {
        await using var root = gateway.Source("root");
        await using var alice = gateway.Source("alice");
        await using var bob = gateway.Source("bob");
        await FailAsync(alice, "CREATE SCHEMA mine", "42501", "permission denied for database federation");
        await DoAsync(root, "GRANT CREATE ON DATABASE federation TO alice");
        await DoAsync(alice, "CREATE SCHEMA mine");
        await FailAsync(bob, "DROP SCHEMA mine", "42501", "must be owner of schema mine");
        await FailAsync(bob, "ALTER SCHEMA mine OWNER TO bob", "42501", "must be owner of schema mine");
        await FailAsync(bob, $"CALL lake.system.register_table('mine', 't', '{gateway.Files}')", "42501",
            "permission denied for schema mine");
        await FailAsync(bob, $"CALL lake.system.register_table('public', 't', '{gateway.Files}')", "42501",
            "permission denied for schema public");
        await FailAsync(alice, "ALTER SCHEMA mine OWNER TO bob", "42501", "must be member of role \"bob\"");
        await FailAsync(alice, "CREATE SCHEMA AUTHORIZATION bob", "42501", "must be member of role \"bob\"");
        if (SuiteServers.GoldenFolder is not { } golden) return;
        Assert.True(Directory.Exists(golden));
        await DoAsync(alice, "DROP SCHEMA mine");
    }

    /// <summary>has_*_privilege and the catalogs' access lists tell what the gateway would do.</summary>
    [Fact]
    public async Task Questions_about_rights_are_answered_as_the_rights_are()
    {
        await using var root = gateway.Source("root");
        await using var alice = gateway.Source("alice");
        await DoAsync(root,
            $"CREATE SERVER asked FOREIGN DATA WRAPPER files OPTIONS (root '{gateway.Files}'); GRANT USAGE ON FOREIGN SERVER asked TO "
                + "carol WITH GRANT OPTION; CREATE SCHEMA asked_schema AUTHORIZATION bob");
        await DoAsync(root, "GRANT CREATE ON SCHEMA asked_schema TO PUBLIC");
        const string Question =
            "SELECT string_agg(r || ':' || (SELECT string_agg(CASE WHEN has THEN 't' ELSE 'f' END, '' ORDER BY i) FROM (VALUES "
            + "(1, has_server_privilege(r, 'asked', 'USAGE')), (2, has_server_privilege(r, 'asked', 'USAGE WITH GRANT OPTION')), (3, "
            + "has_schema_privilege(r, 'asked.public', 'USAGE')), "
            + "(4, has_schema_privilege(r, 'asked_schema', 'CREATE')), (5, has_schema_privilege(r, 'asked_schema', 'CREATE WITH GRANT "
            + "OPTION')), (6, has_foreign_data_wrapper_privilege(r, 'postgres_fdw', 'USAGE'))) v(i, has)), "
            + "' ' ORDER BY r) FROM unnest(ARRAY['alice', 'bob', 'carol', 'root']) r";
        Assert.Equal("alice:ffftff bob:fffttf carol:ttttff root:tttttt", await TextAsync(root, Question));
        Assert.Equal("f", await TextAsync(alice, "SELECT has_server_privilege('asked', 'USAGE')::text::char(1)"));
        Assert.Equal("root=U/root,carol=U*/root",
            await TextAsync(root, "SELECT array_to_string(srvacl, ',') FROM pg_foreign_server WHERE srvname = 'asked'"));
        Assert.Equal("bob=UC/bob,=C/bob bob",
            await TextAsync(alice,
                "SELECT array_to_string(nspacl, ',') || ' ' || pg_get_userbyid(nspowner) "
                + "FROM pg_namespace WHERE nspname = 'asked_schema'"));
        await DoAsync(root, "DROP SCHEMA asked_schema; DROP SERVER asked");
    }

    [Theory]
    [InlineData("nohost.invalid,{link}")]
    [InlineData("{link}")]
    [InlineData("127.0.0.1, {link}")]
    [InlineData("{link},127.0.0.1")]
    [InlineData("{socket}")]
    [InlineData("{inside}/../../outside")]
    [InlineData("@abstract")]
    [InlineData("127.0.0.1,@abstract")]
    public async Task Sockets_outside_the_allowed_folders_are_refused(string host)
    {
        await using var root = gateway.Source("root");
        var link = Path.Combine(gateway.Files, "link");
        var socket = Directory.CreateDirectory(Path.Combine(gateway.Files, "socket")).FullName;
        if (!Path.Exists(link)) Directory.CreateSymbolicLink(link, gateway.Outside);
        var file = Path.Combine(socket, ".s.PGSQL.5432");
        if (new FileInfo(file).LinkTarget is null) File.CreateSymbolicLink(file, Path.Combine(gateway.Outside, ".s.PGSQL.5432"));
        host = host.Replace("{link}", link, StringComparison.Ordinal).Replace("{socket}", socket, StringComparison.Ordinal)
            .Replace("{inside}", socket, StringComparison.Ordinal);
        var error = await FailAsync(root, $"CREATE SERVER sockets FOREIGN DATA WRAPPER postgres OPTIONS (host '{host}')", "42501", null);
        Assert.StartsWith("option \"host\" names a path outside the allowed folders", error.MessageText, StringComparison.Ordinal);
    }

    private static async Task DoAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> TextAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return Assert.IsType<string>(await command.ExecuteScalarAsync());
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<PostgresException> FailAsync(NpgsqlDataSource source, string sql, string state, string? message)
    {
        var error = await Assert.ThrowsAsync<PostgresException>(() => DoAsync(source, sql));
        Assert.True(error.SqlState == state, $"{sql}: {error.SqlState} {error.MessageText}");
        if (message is not null) Assert.Equal(message, error.MessageText);
        return error;
    }
}
