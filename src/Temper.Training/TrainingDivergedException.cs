namespace Temper.Training;

/// <summary>The loss became infinite or not a number.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Says where it happened.</summary>
    /// <param name="step">Optimizer steps made before.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="learningRate">The rate of the step.</param>
    public TrainingDivergedException(long step, float loss, float learningRate)
        : base($"Trainer.Fit: training diverged (got loss {loss} at step {step} with learning rate {learningRate}, expected a finite loss); " +
            "lower the learning rate or the strength of a term, clip gradients, or check the data for values that are not finite")
    {
        Step = step;
        Loss = loss;
        LearningRate = learningRate;
    }

    /// <summary>Optimizer steps made before.</summary>
    public long Step { get; }

    /// <summary>The loss: infinite or not a number.</summary>
    public float Loss { get; }

    /// <summary>The rate of the step.</summary>
    public float LearningRate { get; }
}
