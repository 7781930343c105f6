using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// A growth run on the ranks other than 0: the same training stages; choices that depend on time are received from rank
/// 0.
/// </summary>
internal sealed class FollowedGrowth(RankJob ranks, DataSplit data, TimeProvider time) : IMethodRun
{
    public Dataset Train => data.Train;

    public Dataset Validation => data.Validation;

    public TimeProvider Time => time;

    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        TrainingResult result = ranks.Follow(network, data, options);
        return result.IsComplete
            ? result
            : throw new OperationCanceledException($"grow: stopped after step {result.Steps} of training '{stage}'");
    }

    public string Choose(string stage, string name, Func<string> choose) => ranks.Broadcast("");
}
