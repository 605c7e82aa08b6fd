using System.Diagnostics;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>Runs a program to its end; it is killed when it takes too long.</summary>
internal static class ProgramRun
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments) =>
        RunWithInputAsync(program, "", arguments);

    public static async Task<(int ExitCode, string Output)> RunWithInputAsync(string program, string input, string[] arguments)
    {
        var info = new ProcessStartInfo(program)
            { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment["PGCLIENTENCODING"] = "UTF8";
        using var process = Process.Start(info)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output + await error);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} ran longer than {s_limit}", exception);
        }
    }
}
