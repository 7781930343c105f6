using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Peers.Measuring;

/// <summary>Training steps of a network on one fixed batch of noise, performed as in the trainer.</summary>
internal sealed class TrainingWork : IDisposable
{
    private readonly Learner _learner;
    private readonly Func<Network, Pass, Tensor> _loss;

    public TrainingWork(string network, int batch)
        : this(NetworkZoo.Create(network).Initialize(RandomStream.FromSeed(1)), batch)
    {
    }

    public TrainingWork(Network start, int batch)
    {
        _learner = new Learner(
            start, new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.01f, Momentum = 0.9f } });
        Shape shape = Shape.Create([batch, .. start.Inputs[0].SampleShape.AsSpan()]);
        float[] pixels = new float[shape.Count];
        RandomStream.FromSeed(3).Fill(pixels);
        Tensor inputs = Tensor.From(pixels, shape),
            targets = Tensor.From([.. Enumerable.Range(0, batch).Select(i => i % 10L)], [batch]);
        var loss = new CrossEntropyLoss();
        _loss = (network, pass) =>
        {
            Tensor output = network.Forward(inputs, pass);
            loss.CountCorrect(output, targets);
            return loss.Value(output, targets);
        };
    }

    public void Run()
    {
        using Gradients gradients = _learner.Gradients(_loss);
        _learner.Apply(gradients);
    }

    public void Dispose() => _learner.Dispose();
}
