using Temper.Cli.Benchmarks;
using Temper.Cli.Native;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Networks;

namespace Temper.Peers.Measuring;

/// <summary>
/// A network compiled for one batch size, and the same network in ONNX Runtime. The constructor throws if their outputs
/// differ, so that wrong results are never timed.
/// </summary>
internal sealed class ComparedNetwork : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly CompiledNetwork _compiled;
    private readonly InferenceWork _work;

    public ComparedNetwork(Network network, int batch, int threads)
    {
        _compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [batch] });
        _work = new InferenceWork(_compiled, PeerModel.Of(network), batch, threads);
        if (!(_work.Difference <= Tolerance))
        {
            throw new InvalidOperationException($"outputs differ by {_work.Difference:E1} of the largest output");
        }
    }

    /// <summary>Temper, followed by ONNX Runtime with spinning and with sleeping idle threads.</summary>
    public IReadOnlyList<Contender> Contenders => _work.Contenders;

    public void Dispose()
    {
        _work.Dispose();
        _compiled.Dispose();
    }
}
