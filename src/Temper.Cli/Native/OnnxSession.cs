using System.Text;
using Temper.Networks;

namespace Temper.Cli.Native;

/// <summary>A session of ONNX Runtime for one batch size, with preallocated input and output buffers.</summary>
internal sealed unsafe class OnnxSession : IDisposable
{
    private readonly nint _session;
    private readonly nint _x;
    private readonly nint _y;
    private readonly byte[] _from;
    private readonly byte[] _to;

    /// <param name="model">The model to run.</param>
    /// <param name="network">The same model as a network; only its shapes are used.</param>
    /// <param name="batch">Number of samples per batch.</param>
    /// <param name="threads">Threads per operator (intra-op).</param>
    /// <param name="spins">Whether idle threads spin for a while before they sleep.</param>
    internal OnnxSession(PeerModel model, Network network, int batch, int threads, bool spins)
    {
        _session = OnnxRuntime.OpenModel(model.Bytes, threads, spins);
        bool isBatched = network.Inputs[0].IsBatched;
        long[] from = [.. isBatched ? new[] { (long)batch } : [], .. network.Inputs[0].SampleShape.Select(length =>
            (long)length)];
        long[] to = [.. network.Graph.ShapeOf(network.Outputs[0].Value).Select(length => (long)length)];
        if (isBatched)
        {
            to[0] = batch;
        }

        Input = GC.AllocateArray<float>((int)from.Aggregate((a, b) => a * b), pinned: true);
        Output = GC.AllocateArray<float>((int)to.Aggregate((a, b) => a * b), pinned: true);
        fixed (float* px = Input, py = Output)
        {
            (_x, _y) = (OnnxRuntime.View(px, from), OnnxRuntime.View(py, to));
        }

        _from = Encoding.UTF8.GetBytes(model.Input + "\0");
        _to = Encoding.UTF8.GetBytes(model.Output + "\0");
    }

    internal OnnxSession(Network network, int batch, int threads, bool spins)
        : this(PeerModel.Of(network), network, batch, threads, spins)
    {
    }

    internal float[] Input { get; }

    internal float[] Output { get; }

    internal void Run() => OnnxRuntime.Run(_session, _x, _y, _from, _to);

    public void Dispose() => OnnxRuntime.Close(_session);
}
