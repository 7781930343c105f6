using System.Runtime.InteropServices;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Handles Ctrl-C and SIGTERM: the first signal asks the command to stop after the current step, the second ends the
/// process immediately. A command that never asks for <see cref="Token"/> could not stop by itself, so the first signal
/// ends it.
/// </summary>
/// <param name="first">Called at the first signal.</param>
internal sealed class Interrupts(Action first) : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private PosixSignalRegistration[]? _registrations;

    /// <summary>Canceled by the first signal. Signals are handled from the first use on.</summary>
    internal CancellationToken Token
    {
        get
        {
            _registrations ??=
            [
                PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            ];
            return _source.Token;
        }
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations ?? [])
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        // The second signal is not handled, so it has its default effect: the process ends with exit code 130.
        if (!_source.IsCancellationRequested)
        {
            context.Cancel = true;
            first();
            _source.Cancel();
        }
    }
}
