using System.Text.Json;
using System.Text.RegularExpressions;
using Temper.Data;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Cli.CommandLine;

/// <summary>Maps an exception to an exit code and a one-line message.</summary>
internal static partial class Failure
{
    internal static (int Code, string Message) Of(Exception error) => error switch
    {
        ToolException known => (known.ExitCode, known.Message),
        OperationCanceledException => (ExitCode.Interrupted, "interrupted"),
        AggregateException { InnerExceptions: [{ } only] } => Of(only),
        TrainingDivergedException => (ExitCode.Diverged, Text(error)),
        DataUnavailableException => (ExitCode.Missing, Text(error)),
        FormatException or InvalidDataException or JsonException or EndOfStreamException =>
            (ExitCode.BadInput, Text(error)),
        ArgumentException or KeyNotFoundException => (ExitCode.Usage, Text(error)),
        FileNotFoundException or DirectoryNotFoundException => (ExitCode.InputOutput, Text(error)),
        IOException or UnauthorizedAccessException => (ExitCode.InputOutput, Text(error)),
        NotSupportedException => (ExitCode.BadInput, Text(error)),
        _ => (ExitCode.Unexpected, $"unexpected failure: {error.GetType().Name}: {Text(error)} (run with -v for "
            + $"the stack trace)"),
    };

    /// <summary>
    /// The message in one line, without what only a caller of the library understands: names of parameters anywhere,
    /// and the name of a type or a member at the start.
    /// </summary>
    internal static string Text(Exception error)
    {
        // A message may quote a file or a peer, whose control characters must not reach a terminal.
        string message = new([.. error.Message.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c)]);
        message = Parameter().Replace(message, "");

        // Errors of files begin with the name of the file, errors of shapes with that of the node.
        return error is FormatException or ShapeMismatchException ? message : Origin().Replace(message, "");
    }

    /// <summary>What the runtime appends to argument errors.</summary>
    [GeneratedRegex(
        @" \(Parameter '[^']*'\)( Actual value was \S*\.)?",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Parameter();

    /// <summary>A member, such as <c>RunFolder.Open</c>, or a type whose name is not a plain word.</summary>
    [GeneratedRegex(
        @"^([A-Z]\w+\.[A-Z][a-z]\w*|([A-Z][a-z]+)+(Dataset|Edit|Family|Limits|Options|Ranks|Reference|Rule|Target|Zoo))"
            + ": ",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Origin();
}
