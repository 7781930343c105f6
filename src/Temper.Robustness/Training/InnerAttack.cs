using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Training;

/// <summary>Loss that an attack within a training step maximizes.</summary>
public enum InnerLoss
{
    /// <summary>Cross-entropy of the true class.</summary>
    CrossEntropy,

    /// <summary>Kullback-Leibler divergence between the outputs for the clean and the perturbed sample.</summary>
    Divergence,
}

/// <summary>
/// The projected gradient attack of a training step (arXiv:1706.06083). It perturbs the whole batch together, with the
/// network in evaluation mode.
/// </summary>
public sealed record InnerAttack
{
    /// <summary>Norm of the ball: <see cref="Norm.Linf"/> or <see cref="Norm.L2"/>.</summary>
    public Norm Norm { get; init; } = Norm.Linf;

    /// <summary>Radius of the ball in units of the inputs, above zero.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Number of steps, one or more.</summary>
    public int Steps { get; init; } = 10;

    /// <summary>Step size in units of the inputs; null: 2.5 epsilon / steps.</summary>
    public double? StepSize { get; init; }

    /// <summary>Perturbs a batch.</summary>
    /// <param name="network">Network to attack; not modified.</param>
    /// <param name="batch">Clean inputs and labels.</param>
    /// <param name="stream">Random stream of the starting point.</param>
    /// <param name="loss">Loss to maximize.</param>
    /// <returns>Perturbed inputs, with the shape of the batch's inputs.</returns>
    public Tensor Run(Network network, Batch batch, RandomStream stream, InnerLoss loss = InnerLoss.CrossEntropy)
    {
        Validate();
        var ball = new PerturbationBall(batch.Inputs, (float)Epsilon)
        {
            Low = network.Inputs[0].Minimum, High = network.Inputs[0].Maximum,
        };
        float size = (float)(StepSize ?? (2.5 * Epsilon / Steps));
        using (GradientTape.Suspend())
        {
            Tensor? clean = loss == InnerLoss.Divergence ? network.Forward(batch.Inputs).Softmax() : null;
            Tensor x = Start(ball, stream);
            for (int step = 0; step < Steps; step++)
            {
                using var tape = new GradientTape();
                Tensor logits = network.Forward(tape.Watch(x));

                // KL(p ‖ q) = sum p log p - sum p log q; the first term does not depend on x.
                Tensor value =
                    clean is null ? logits.CrossEntropy(batch.Targets) : -(clean * logits.LogSoftmax()).Sum();
                Tensor gradient = tape.Gradient(value, x).Detach();
                x = Step(ball, x.Detach(), gradient, size);
            }

            return x.Detach();
        }
    }

    internal void Validate()
    {
        bool isPossible = Epsilon > 0 && double.IsFinite(Epsilon) && Steps >= 1
            && StepSize is null or > 0
            && Norm is Norm.Linf or Norm.L2;
        if (!isPossible)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"InnerAttack: an option is out of range (got epsilon {Epsilon}, step size "
                + $"{(object?)StepSize ?? "not set"}, steps {Steps}, norm {Norm}; expected epsilon and step size above "
                + $"zero, steps 1 or more, norm Linf or L2)"));
        }
    }

    internal JsonObject Fingerprint() =>
        new() { ["norm"] = Norm.ToString(), ["epsilon"] = Epsilon, ["steps"] = Steps, ["stepSize"] = StepSize };

    /// <summary>Draws a random point of the box around the clean inputs and projects it into the ball.</summary>
    private Tensor Start(PerturbationBall ball, RandomStream stream)
    {
        Tensor noise = Tensor.Zeros(ball.Center.Shape);
        float range = Norm == Norm.Linf
            ? (float)Epsilon
            : (float)(Epsilon / Math.Sqrt(Math.Max(1, ball.Center.Count / ball.Center.Shape[0])));
        float[] values = new float[noise.Count];
        stream.FillUniform(values, -range, range);
        Tensor start = ball.Center + Tensor.From(values, noise.Shape);
        return Step(ball, start, noise, 0);
    }

    private Tensor Step(PerturbationBall ball, Tensor x, Tensor gradient, float size) =>
        Norm == Norm.Linf ? ball.SignStep(x, gradient, size) : ball.NormalizedStep(x, gradient, size);
}
