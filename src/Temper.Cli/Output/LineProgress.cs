namespace Temper.Cli.Output;

/// <summary>Writes lines at once, in order, on the thread that reports them.</summary>
internal sealed class LineProgress(Terminal terminal) : IProgress<string>
{
    public void Report(string value) => terminal.Note(value);
}
