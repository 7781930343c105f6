using System.Text;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// Redirects the console for each test separately, so that tests that run at the same time do not mix their output.
/// </summary>
internal sealed class RedirectedConsole : IDisposable
{
    private static readonly AsyncLocal<RedirectedConsole?> Current = new();

    private readonly TextWriter _output;
    private readonly TextWriter _error;

    static RedirectedConsole()
    {
        Console.SetOut(new Switch(Console.Out, console => console._output));
        Console.SetError(new Switch(Console.Error, console => console._error));
    }

    private RedirectedConsole(TextWriter output, TextWriter error) => (_output, _error) = (output, error);

    internal static IDisposable To(TextWriter output, TextWriter error) => Current.Value = new RedirectedConsole(output, error);

    public void Dispose() => Current.Value = null;

    private sealed class Switch(TextWriter console, Func<RedirectedConsole, TextWriter> writer) : TextWriter
    {
        public override Encoding Encoding => console.Encoding;

        private TextWriter Target => Current.Value is { } current ? writer(current) : console;

        public override void Write(char value) => Target.Write(value);

        public override void Write(char[] buffer, int index, int count) => Target.Write(buffer, index, count);

        public override void Write(string? value) => Target.Write(value);

        public override void Flush() => Target.Flush();
    }
}
