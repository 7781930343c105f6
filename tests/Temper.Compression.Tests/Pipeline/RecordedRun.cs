using System.Globalization;
using Temper.Compression.Pipeline;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Trains in memory; times are fixed, so that results do not depend on the machine.</summary>
internal sealed class RecordedRun(Func<string, double> milliseconds) : ICompressionRun
{
    public int TrainCount => PipelineTests.Train.Count;

    public Tensor? TrainingInputs(int count) => PipelineTests.Train.Read(0, Math.Min(count, PipelineTests.Train.Count)).Inputs;

    internal string Rounding { get; init; } = "0";

    internal int Epochs { get; private set; }

    /// <summary>Weight decay of each stage.</summary>
    internal Dictionary<string, float> Decays { get; } = new(StringComparer.Ordinal);

    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        Epochs += options.Epochs;
        Decays.Add(stage, options.Optimizer.WeightDecay);
        return Trainer.Fit(network, PipelineTests.Train, PipelineTests.Validation, options);
    }

    /// <summary>Stored choices by name; null: choices are made again.</summary>
    internal Dictionary<string, string>? Choices { get; init; }

    public string Choose(string stage, string name, Func<string> choose) =>
        Choices is not null ? Choices.TryGetValue(name, out string? stored) ? stored : Choices[name] = choose() :
        name is "milliseconds" ? milliseconds(stage).ToString(CultureInfo.InvariantCulture) : name is "rounding" ? Rounding : choose();

    public void Note(string line)
    {
    }
}
