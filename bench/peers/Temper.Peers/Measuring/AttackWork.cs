using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Measuring;

/// <summary>
/// A projected gradient attack on noise images whose samples finish at different steps, as in an attack on pictures.
/// </summary>
internal sealed class AttackWork
{
    private const float Size = 2f / 255;

    private readonly Network _network;
    private readonly Shape _sample;
    private Tensor _labels;
    private Tensor _x;
    private PerturbationBall _ball;

    public AttackWork(string network, int batch)
    {
        _network = NetworkZoo.Create(network).Initialize(RandomStream.FromSeed(1));
        _sample = _network.Inputs[0].SampleShape;
        Shape shape = Shape.Create([batch, .. _sample.AsSpan()]);
        float[] pixels = new float[shape.Count];
        RandomStream.FromSeed(3).Fill(pixels);
        _x = Tensor.From(pixels, shape);
        _labels = Tensor.From([.. Enumerable.Range(0, batch).Select(i => i % 10L)], [batch]);
        _ball = new PerturbationBall(_x, 8f / 255);
    }

    /// <summary>Number of unfinished samples.</summary>
    public int Left => _labels.Count;

    /// <summary>
    /// Returns the gradient of the loss with respect to the inputs, in evaluation mode; valid as long as the tape is
    /// open.
    /// </summary>
    public Tensor Slope(GradientTape tape)
    {
        tape.Watch(_x);
        return tape.Gradient(
            _network.Forward(_x).CrossEntropy(_labels, new CrossEntropyOptions { Reduction = LossReduction.Sum }), _x);
    }

    /// <summary>
    /// Makes one step. Keeps the tensors that the next step needs and releases all others of the scope.
    /// </summary>
    public void Step(TensorScope scope)
    {
        Tensor slope;
        using (var tape = new GradientTape())
        {
            slope = scope.Keep(Slope(tape));
        }

        _x = scope.Keep(_ball.SignStep(_x, slope, Size));
        scope.Keep(_ball.Center);
        scope.Keep(_labels);
        scope.Reset();
    }

    /// <summary>Removes the last <paramref name="samples"/> samples from the batch, as if they were finished.</summary>
    public void Finish(int samples, TensorScope scope)
    {
        Tensor left = Tensor.From([.. Enumerable.Range(0, Left - samples).Select(i => (long)i)], [Left - samples]);
        _x = scope.Keep(_x.IndexSelect(0, left));
        _labels = scope.Keep(_labels.IndexSelect(0, left));
        _ball = _ball with { Center = scope.Keep(_ball.Center.IndexSelect(0, left)) };
    }
}
