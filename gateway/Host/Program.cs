using System.CommandLine;
using Federation.Host;

var root = new RootCommand("Federation: lakehouse tables, databases and files as one PostgreSQL.")
{
    ServeCommand.Create(),
    WorkerCommand.Create(),
    UserCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
