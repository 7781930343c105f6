using System.Runtime.InteropServices;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Handles Ctrl-C and SIGTERM: the first signal asks the command to stop after the current step, the second ends the
/// process immediately.
/// </summary>
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
        // The second signal is not handled, so it has its default effect: the process ends with exit code 130.
        if (!_source.IsCancellationRequested)
        {
            context.Cancel = true;
            first();
            _source.Cancel();
        }
    }
}
