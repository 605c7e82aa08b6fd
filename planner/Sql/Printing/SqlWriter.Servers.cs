using System.Diagnostics;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Servers, user mappings, schemas and DROP.</summary>
internal sealed partial class SqlWriter
{
    private void ServerStatement(Statement statement)
    {
        switch (statement)
        {
            case CreateServerStatement server:
                CreateServer(server);
                break;
            case AlterServerStatement server:
                Write("alter server ");
                Identifier(server.Name);
                Text(" version ", server.Version);
                if (server.Version is null && server.Options.Count == 0) Write(" version null");
                Options(server.Options, isChange: true);
                break;
            case CreateUserMappingStatement mapping:
                Write(mapping.IfNotExists ? "create user mapping if not exists" : "create user mapping");
                MappingTarget(mapping.User, mapping.Server);
                Options(mapping.Options, isChange: false);
                break;
            case AlterUserMappingStatement mapping:
                Write("alter user mapping");
                MappingTarget(mapping.User, mapping.Server);
                Options(mapping.Options, isChange: true);
                break;
            case DropUserMappingStatement mapping:
                Write(mapping.IfExists ? "drop user mapping if exists" : "drop user mapping");
                MappingTarget(mapping.User, mapping.Server);
                break;
            case CreateSchemaStatement schema:
                Write(schema.IfNotExists ? "create schema if not exists " : "create schema ");
                Name(schema.Name);
                if (schema.Authorization is not null)
                {
                    Write(" authorization ");
                    User(schema.Authorization);
                }

                Text(" location ", schema.Location);
                break;
            case AlterSchemaLocationStatement schema:
                Write("alter schema ");
                Identifier(schema.Name);
                if (schema.Location is null) Write(" reset location");
                Text(" set location ", schema.Location);
                break;
            case DropStatement drop:
                DropObjects(drop);
                break;
            case AlterOwnerStatement owner:
                Write(owner.Kind == DropKind.Schema ? "alter schema " : "alter server ");
                Identifier(owner.Name);
                Write(" owner to ");
                User(owner.Owner);
                break;
            default:
                RoleStatement(statement);
                break;
        }
    }

    private void CreateServer(CreateServerStatement server)
    {
        Write(server.IfNotExists ? "create server if not exists " : "create server ");
        Identifier(server.Name);
        Text(" type ", server.Type);
        Text(" version ", server.Version);
        Write(" foreign data wrapper ");
        Identifier(server.Wrapper);
        Options(server.Options, isChange: false);
    }

    private void Text(string word, string? value)
    {
        if (value is null) return;
        Write(word);
        Literal(value);
    }

    private void MappingTarget(string user, string server)
    {
        Write(" for ");
        User(user);
        Write(" server ");
        Identifier(server);
    }

    /// <summary>The keywords that stand for a role are not quoted; in the tree they look like a name.</summary>
    private void User(string user)
    {
        if (user is "public" or "user" or "current_user" or "current_role" or "session_user") Write(user);
        else Identifier(user);
    }

    private void Options(EquatableArray<ServerOption> options, bool isChange)
    {
        if (options.Count == 0) return;
        Write(" options ");
        Parenthesised(options, option =>
        {
            if (isChange) Write(option.Action.ToString().ToLowerInvariant() + " ");
            Identifier(option.Name);
            Text(" ", option.Value);
        });
    }

    private void DropObjects(DropStatement drop)
    {
        Write(drop.Kind switch
        {
            DropKind.Table => "drop table ",
            DropKind.View => "drop view ",
            DropKind.Schema => "drop schema ",
            DropKind.Server => "drop server ",
            DropKind.ForeignTable => "drop foreign table ",
            DropKind.MaterializedView => "drop materialized view ",
            DropKind.Sequence => "drop sequence ",
            DropKind.Index => drop.IsConcurrent ? "drop index concurrently " : "drop index ",
            _ => throw new UnreachableException(drop.Kind.ToString()),
        });
        if (drop.IfExists) Write("if exists ");
        List(drop.Names, Name);
        if (drop.IsCascade) Write(" cascade");
    }
}
