namespace Temper.Cli.CommandLine;

/// <summary>
/// An expected failure: the tool prints the message without a stack trace and ends with the exit code.
/// </summary>
internal sealed class ToolException(int exitCode, string message) : Exception(message)
{
    internal int ExitCode { get; } = exitCode;

    /// <summary>A failure caused by the command line, a configuration file or an environment variable.</summary>
    internal static ToolException Usage(string message) => new(CommandLine.ExitCode.Usage, message);
}
