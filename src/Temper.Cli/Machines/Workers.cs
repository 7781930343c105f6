using Temper.Cli.CommandLine;
using Temper.Kernels;
using Temper.Parallelism.Collectives;

namespace Temper.Cli;

/// <summary>
/// The worker pool of a command: a pool of <c>--threads</c> threads if the option is given, a pool with this rank's
/// share of the processors if several ranks run on the machine, else the process-wide pool. <c>--threads</c> is limited
/// to the number of processors, because more threads only slow each other down.
/// </summary>
internal sealed class Workers : IDisposable
{
    private readonly WorkerPool? _own;

    internal Workers(CommandContext context)
    {
        int asked = context.Get(CommonSettings.Threads), processors = Environment.ProcessorCount;
        if (asked > processors)
        {
            context.Terminal.Note($"--threads {asked}: limited to {processors}, one per processor");
        }

        if (Simd.Active == SimdWidth.Scalar || !Simd.FusesMultiplyAdd)
        {
            context.Terminal.Note(
                "warning: no vector instructions are active, so everything runs many times slower; see "
                + "DOTNET_EnableHWIntrinsic and DOTNET_EnableAVX2, "
                + "or compile a native build with <IlcInstructionSet>native</IlcInstructionSet>");
        }

        // Ranks on one machine share its processors.
        int local = MpiLaunch.Current?.LocalSize ?? 1;
        _own = asked > 0
            ? new WorkerPool(Math.Min(asked, processors))
            : local > 1
            ? new WorkerPool(Math.Max(1, processors / local))
            : null;
        Asked = asked > 0 ? _own!.Threads : null;
    }

    internal WorkerPool Pool => _own ?? WorkerPool.Default;

    /// <summary>Number of threads from <c>--threads</c>, limited to the processors; null: not given.</summary>
    internal int? Asked { get; }

    public void Dispose() => _own?.Dispose();
}
