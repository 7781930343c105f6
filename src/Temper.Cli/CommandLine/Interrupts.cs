using System.Runtime.InteropServices;

namespace Temper.Cli.CommandLine;

/// <summary>Ctrl-C once asks the command to stop after its step; twice ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal Interrupts(Action first) => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, first)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, first)),
    ];

    internal CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Handle(PosixSignalContext context, Action first)
    {
        // Left alone, the second signal has its usual effect: the process ends, and the shell sees 130.
        if (!_source.IsCancellationRequested)
        {
            context.Cancel = true;
            first();
            _source.Cancel();
        }
    }
}
