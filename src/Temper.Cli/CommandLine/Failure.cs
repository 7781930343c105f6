using System.Text.Json;
using Temper.Data;
using Temper.Training;

namespace Temper.Cli.CommandLine;

/// <summary>Maps an exception to an exit code and a one-line message.</summary>
internal static class Failure
{
    internal static (int Code, string Message) Of(Exception error) => error switch
    {
        ToolException known => (known.ExitCode, known.Message),
        OperationCanceledException => (ExitCode.Interrupted, "interrupted"),
        AggregateException { InnerExceptions: [{ } only] } => Of(only),
        TrainingDivergedException => (ExitCode.Diverged, OneLine(error)),
        DataUnavailableException => (ExitCode.Missing, OneLine(error)),
        FormatException or InvalidDataException or JsonException or EndOfStreamException =>
            (ExitCode.BadInput, OneLine(error)),
        ArgumentException or KeyNotFoundException => (ExitCode.Usage, OneLine(error)),
        FileNotFoundException or DirectoryNotFoundException => (ExitCode.InputOutput, OneLine(error)),
        IOException or UnauthorizedAccessException => (ExitCode.InputOutput, OneLine(error)),
        NotSupportedException => (ExitCode.BadInput, OneLine(error)),
        _ => (ExitCode.Unexpected, $"unexpected failure: {error.GetType().Name}: {OneLine(error)} (run with -v for "
            + $"the stack trace)"),
    };

    // The runtime appends " (Parameter 'x')" to argument errors, which does not help a user of the command line.
    private static string OneLine(Exception error)
    {
        // A message may quote a file or a peer, whose control characters must not reach a terminal.
        string message = new([.. error.Message.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c)]);
        int parameter = error is ArgumentException ? message.IndexOf(" (Parameter '", StringComparison.Ordinal) : -1;
        return parameter < 0 ? message : message[..parameter];
    }
}
