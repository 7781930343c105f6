using Temper.Cli.CommandLine;
using Temper.Kernels;

namespace Temper.Cli;

/// <summary>The pool a command works with: one of <c>--threads</c> threads, else the process-wide one.</summary>
internal sealed class Workers : IDisposable
{
    private readonly WorkerPool? _own;

    internal Workers(CommandContext context)
    {
        int threads = context.Get(CommonSettings.Threads);
        _own = threads > 0 ? new WorkerPool(threads) : null;
    }

    internal WorkerPool Pool => _own ?? WorkerPool.Default;

    public void Dispose() => _own?.Dispose();
}
