namespace Temper.Cli.CommandLine;

/// <summary>An end that has its own exit code and needs no more than its message.</summary>
internal sealed class ToolException(int exitCode, string message) : Exception(message)
{
    internal int ExitCode { get; } = exitCode;

    /// <summary>The command line, a configuration file or the environment cannot be used.</summary>
    internal static ToolException Usage(string message) => new(CommandLine.ExitCode.Usage, message);
}
