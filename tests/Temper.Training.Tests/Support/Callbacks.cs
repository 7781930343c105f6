using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training.Tests.Support;

/// <summary>Stops a run after a given number of batches.</summary>
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

/// <summary>Fails if training starts.</summary>
internal sealed class NoTraining : ITrainingCallback
{
    public void OnStep(StepProgress progress) => Assert.Fail("a step was made");

    public void OnEpoch(EpochResult epoch) => Assert.Fail("an epoch was made");
}

/// <summary>A regularizer that overwrites the gradient of one parameter in one step of a run.</summary>
internal sealed class AtStep(int step, string parameter, Func<float> gradient, double value = 0) : IRegularizer
{
    private int _step;

    public string Name => "at-step";

    public int SumCount(Parameter of) => string.Equals(of.Name, parameter, StringComparison.Ordinal) ? 1 : 0;

    public void AddSums(in WeightBlock block, Span<double> sums) => _step++;

    public double Value(Parameter of, ReadOnlySpan<double> sums) => _step == step ? value : 0;

    public void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> target)
    {
        if (_step == step)
        {
            target.Fill(gradient());
        }
    }

    public JsonNode Fingerprint() => new JsonObject { ["parameter"] = parameter };
}
