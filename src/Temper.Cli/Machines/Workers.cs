using Temper.Cli.CommandLine;
using Temper.Kernels;

namespace Temper.Cli;

/// <summary>
/// The pool a command works with: one of <c>--threads</c> threads, else the process-wide one. More threads than processors only slow each
/// other down, and thousands take minutes to start, so their number is held to the processors'.
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
                "warning: no vector instructions are active, so everything takes many times longer; see DOTNET_EnableHWIntrinsic and DOTNET_EnableAVX2, "
                + "and compile a native build with <IlcInstructionSet>native</IlcInstructionSet>");
        }

        _own = asked > 0 ? new WorkerPool(Math.Min(asked, processors)) : null;
    }

    internal WorkerPool Pool => _own ?? WorkerPool.Default;

    /// <summary>Threads that were asked for and can be used; null where nothing was asked for.</summary>
    internal int? Asked => _own?.Threads;

    public void Dispose() => _own?.Dispose();
}
