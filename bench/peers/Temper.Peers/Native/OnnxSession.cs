using System.Text;
using Temper.Formats.Onnx;
using Temper.Networks;

namespace Temper.Peers.Native;

/// <summary>A network of ours in ONNX Runtime, for one batch size, its input and output preallocated.</summary>
internal sealed unsafe class OnnxSession : IDisposable
{
    private readonly nint _session;
    private readonly nint _x;
    private readonly nint _y;
    private readonly byte[] _from;
    private readonly byte[] _to;

    public OnnxSession(Network network, int batch, int threads, bool spins)
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream);
        _session = OnnxRuntime.OpenModel(stream.ToArray(), threads, spins);
        long[] from = [batch, .. network.Inputs[0].SampleShape.Select(length => (long)length)];
        long[] to = [batch, .. network.Graph.ShapeOf(network.Outputs[0].Value).Skip(1).Select(length => (long)length)];
        Input = GC.AllocateArray<float>((int)from.Aggregate((a, b) => a * b), pinned: true);
        Output = GC.AllocateArray<float>((int)to.Aggregate((a, b) => a * b), pinned: true);
        fixed (float* px = Input, py = Output)
        {
            (_x, _y) = (OnnxRuntime.View(px, from), OnnxRuntime.View(py, to));
        }

        _from = Encoding.UTF8.GetBytes(network.Inputs[0].Name + "\0");
        _to = Encoding.UTF8.GetBytes(network.Outputs[0].Name + "\0");
    }

    public float[] Input { get; }

    public float[] Output { get; }

    public void Run() => OnnxRuntime.Run(_session, _x, _y, _from, _to);

    public void Dispose() => OnnxRuntime.Close(_session);
}
