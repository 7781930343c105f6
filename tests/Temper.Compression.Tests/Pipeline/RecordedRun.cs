using System.Globalization;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Trains in memory; times are fixed, so that results do not depend on the machine.</summary>
internal sealed class RecordedRun(Func<string, double> milliseconds) : IMethodRun
{
    public Dataset Train => PipelineTests.Train;

    public Dataset Validation => PipelineTests.Validation;

    public TimeProvider Time => TimeProvider.System;

    internal string Rounding { get; init; } = "0";

    internal int Epochs { get; private set; }

    /// <summary>Weight decay of each stage.</summary>
    internal Dictionary<string, float> Decays { get; } = new(StringComparer.Ordinal);

    /// <summary>Regularizers of each stage.</summary>
    internal Dictionary<string, IReadOnlyList<IRegularizer>> Regularizers { get; } = new(StringComparer.Ordinal);

    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        Epochs += options.Epochs;
        Decays.Add(stage, options.Optimizer.WeightDecay);
        Regularizers.Add(stage, options.Regularizers);
        return Trainer.Fit(network, PipelineTests.Train, PipelineTests.Validation, options);
    }

    public string Choose(string stage, string name, Func<string> choose) =>
        name is "milliseconds" ? milliseconds(stage).ToString(CultureInfo.InvariantCulture) : name is "rounding" ? Rounding : choose();
}
