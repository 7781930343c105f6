using Temper.Inference;
using Temper.Networks;
using Temper.Peers.Native;
using Temper.Randomness;

namespace Temper.Peers.Measuring;

/// <summary>One network compiled by Temper and opened by ONNX Runtime with idle workers spinning and sleeping, on the same input.</summary>
internal sealed class InferenceWork : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly CompiledNetwork _compiled;
    private readonly InferenceSession _session;
    private readonly OnnxSession _spins;
    private readonly OnnxSession _sleeps;

    public InferenceWork(Network network, int batch, int threads)
    {
        _spins = new OnnxSession(network, batch, threads, spins: true);
        _sleeps = new OnnxSession(network, batch, threads, spins: false);
        _compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [batch] });
        _session = _compiled.CreateSession();
        float[] input = GC.AllocateArray<float>(_spins.Input.Length, pinned: true), output = GC.AllocateArray<float>(_spins.Output.Length, pinned: true);
        RandomStream.FromSeed(2).Fill(input);
        input.CopyTo(_spins.Input, 0);
        input.CopyTo(_sleeps.Input, 0);
        _session.Run(input, output);
        _spins.Run();
        double difference = output.Zip(_spins.Output, (a, b) => (double)Math.Abs(a - b)).Max() / output.Max(Math.Abs);
        if (!(difference <= Tolerance))
        {
            throw new InvalidOperationException($"results differ by {difference:E1} of the largest");
        }

        Contenders = [new("Temper", () => _session.Run(input, output)), new("spins", _spins.Run), new("sleeps", _sleeps.Run)];
    }

    public IReadOnlyList<Contender> Contenders { get; }

    public CompiledNetwork Compiled => _compiled;

    public void Dispose()
    {
        _session.Dispose();
        _compiled.Dispose();
        _spins.Dispose();
        _sleeps.Dispose();
    }
}
