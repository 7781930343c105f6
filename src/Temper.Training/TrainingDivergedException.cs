using System.Globalization;

namespace Temper.Training;

/// <summary>Thrown when the loss or a value of the network becomes infinite or NaN.</summary>
public sealed class TrainingDivergedException : Exception
{
    private const string Advice = "lower the learning rate or the strength of a regularizer, clip gradients, or check "
        + "the data for values that are not finite";

    /// <summary>Creates an exception for a loss that is not finite.</summary>
    /// <param name="step">Number of optimizer steps done before.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="learningRate">Learning rate of the step.</param>
    public TrainingDivergedException(long step, float loss, float learningRate)
        : this(
            string.Create(
                CultureInfo.InvariantCulture,
                $"got loss {loss} at step {step} with learning rate {learningRate}, expected a finite loss"),
            step, loss, learningRate)
    {
    }

    private TrainingDivergedException(string found, long step, float loss, float learningRate)
        : base($"training diverged ({found}); {Advice}")
    {
        Step = step;
        Loss = loss;
        LearningRate = learningRate;
    }

    /// <summary>Number of optimizer steps done before.</summary>
    public long Step { get; }

    /// <summary>The loss, infinite or NaN; NaN too if a value of the network is not finite.</summary>
    public float Loss { get; }

    /// <summary>Learning rate of the step.</summary>
    public float LearningRate { get; }

    internal static TrainingDivergedException OfTensor(long step, string name, float learningRate) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"got values that are not finite in {name} after step {step} with learning rate {learningRate}"),
            step, float.NaN, learningRate);
}
