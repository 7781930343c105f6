using System.Runtime.InteropServices;

namespace Temper.Cli.CommandLine;

/// <summary>
/// Handles Ctrl-C and SIGTERM: the first signal asks the command to stop after the current step, the second ends the
/// process immediately. A command that never asks for <see cref="Token"/> could not stop by itself, so the first signal
/// ends it, unless <see cref="Handle"/> is called.
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
            Handle();
            return _source.Token;
        }
    }

    /// <summary>Whether signals are handled; if not, the first one ends the process.</summary>
    internal bool AreHandled => _registrations is not null;

    /// <summary>Handles signals from now on.</summary>
    internal void Handle() => _registrations ??=
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
    ];

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations ?? [])
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
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
