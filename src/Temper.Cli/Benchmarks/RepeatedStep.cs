using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Cli.Benchmarks;

/// <summary>A training step (forward pass, backward pass, update) that always uses the same batch.</summary>
internal sealed class RepeatedStep : IDisposable
{
    private readonly Learner _learner;
    private readonly Func<Network, Pass, Tensor> _loss;

    internal RepeatedStep(Network network, int batch, Optimizer optimizer)
    {
        const int Classes = 10;
        RandomStream stream = RandomStream.FromSeed(1);
        _learner =
            new Learner(network.Initialize(stream.Split("weights")), new LearnerOptions { Optimizer = optimizer });
        Shape shape = Shape.Create([batch, .. network.Inputs[0].SampleShape.AsSpan()]);
        float[] values = new float[shape.Count];
        stream.Split("inputs").Fill(values);
        Tensor inputs = Tensor.From(values, shape);
        Tensor labels = Tensor.From([.. Enumerable.Range(0, batch).Select(i => (long)(i % Classes))], [batch]);
        _loss = (trained, pass) => trained.Forward(inputs, pass).CrossEntropy(labels);
    }

    public void Dispose() => _learner.Dispose();

    internal void Run()
    {
        using Gradients gradients = _learner.Gradients(_loss);
        _learner.Apply(gradients);
    }
}
