namespace Temper.Training;

/// <summary>The loss, or a number of the network, became infinite or not a number.</summary>
public sealed class TrainingDivergedException : Exception
{
    private const string Advice = "lower the learning rate or the strength of a term, clip gradients, or check the "
        + "data for values that are not finite";

    /// <summary>Says where it happened.</summary>
    /// <param name="step">Optimizer steps made before.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="learningRate">The rate of the step.</param>
    public TrainingDivergedException(long step, float loss, float learningRate)
        : this(
            $"got loss {loss} at step {step} with learning rate {learningRate}, expected a finite loss", step, loss,
            learningRate)
    {
    }

    private TrainingDivergedException(string found, long step, float loss, float learningRate)
        : base($"Trainer.Fit: training diverged ({found}); {Advice}")
    {
        Step = step;
        Loss = loss;
        LearningRate = learningRate;
    }

    /// <summary>Optimizer steps made before.</summary>
    public long Step { get; }

    /// <summary>
    /// The loss: infinite or not a number; not a number also where it was found in the network itself.
    /// </summary>
    public float Loss { get; }

    /// <summary>The rate of the step.</summary>
    public float LearningRate { get; }

    internal static TrainingDivergedException OfTensor(long step, string name, float learningRate) =>
        new($"got numbers that are not finite in {name} after step {step} with learning rate "
            + $"{learningRate}", step, float.NaN, learningRate);
}
