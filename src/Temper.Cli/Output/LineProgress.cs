namespace Temper.Cli.Output;

/// <summary>Writes each reported line immediately, on the reporting thread.</summary>
internal sealed class LineProgress(Terminal terminal) : IProgress<string>
{
    public void Report(string value) => terminal.Note(value);
}
