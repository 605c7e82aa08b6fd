using System.CommandLine;
using Federation.Host;

var root = new RootCommand("Federation: lakehouse tables, databases and files as one PostgreSQL.")
{
    ServeCommand.Create(),
    WorkerCommand.Create(),
    UserCommand.Create(),
};

// The commands drain by themselves; the library would end the process two seconds after the signal.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
