namespace Temper.Cli.CommandLine;

/// <summary>Exit codes of the tool, documented in docs/command-line.md.</summary>
internal static class ExitCode
{
    internal const int Success = 0;
    internal const int Unexpected = 1;
    internal const int Usage = 2;
    internal const int BadInput = 3;
    internal const int ThresholdNotMet = 4;
    internal const int Missing = 5;
    internal const int InputOutput = 6;
    internal const int Diverged = 7;
    internal const int Interrupted = 130;
}
