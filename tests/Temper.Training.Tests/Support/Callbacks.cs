using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training.Tests.Support;

/// <summary>Stops a run after so many batches.</summary>
internal sealed class StopAfter(int batches, CancellationTokenSource source) : ITrainingCallback
{
    private int _left = batches;

    public void OnStep(StepProgress progress)
    {
        if (--_left == 0)
        {
            source.Cancel();
        }
    }

    public void OnEpoch(EpochResult epoch)
    {
    }
}

/// <summary>Fails where training begins.</summary>
internal sealed class NoTraining : ITrainingCallback
{
    public void OnStep(StepProgress progress) => Assert.Fail("a step was made");

    public void OnEpoch(EpochResult epoch) => Assert.Fail("an epoch was made");
}

/// <summary>A term that does something to one parameter's gradient in one step of a run.</summary>
internal sealed class AtStep(int step, string parameter, Func<float> gradient, double value = 0) : ITrainingTerm
{
    private int _step;

    public string Name => "at-step";

    public double AddGradient(Parameter of, ReadOnlySpan<float> weights, Span<float> target)
    {
        if (!string.Equals(of.Name, parameter, StringComparison.Ordinal) || ++_step != step)
        {
            return 0;
        }

        target.Fill(gradient());
        return value;
    }
}
