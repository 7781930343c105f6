using Temper.Cli.CommandLine;
using Temper.Kernels;
using Temper.Parallelism.Collectives;

namespace Temper.Cli;

/// <summary>
/// The pool a command works with: one of <c>--threads</c> threads, else the process-wide one. More threads than
/// processors only slow each other down, and thousands take minutes to start, so their number is held to the
/// processors'.
/// </summary>
internal sealed class Workers : IDisposable
{
    private readonly WorkerPool? _own;

    internal Workers(CommandContext context)
    {
        int asked = context.Get(CommonSettings.Threads), processors = Environment.ProcessorCount;
        if (asked > processors)
        {
            context.Terminal.Note($"--threads {asked}: held to {processors}, one a processor");
        }

        if (Simd.Active == SimdWidth.Scalar || !Simd.FusesMultiplyAdd)
        {
            context.Terminal.Note(
                "warning: no vector instructions are active, so everything takes many times longer; see "
                + "DOTNET_EnableHWIntrinsic and DOTNET_EnableAVX2, "
                + "and compile a native build with <IlcInstructionSet>native</IlcInstructionSet>");
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

    /// <summary>Threads that were asked for and can be used; null where nothing was asked for.</summary>
    internal int? Asked { get; }

    public void Dispose() => _own?.Dispose();
}
