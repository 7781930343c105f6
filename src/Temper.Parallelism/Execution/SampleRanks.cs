using Temper.Data;
using Temper.Parallelism.Collectives;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>Ranks that share samples and train nothing: they evaluate.</summary>
internal sealed class SampleRanks(Communicator ranks) : TrainingRanks
{
    /// <inheritdoc/>
    public override BatchPart Part => new(ranks.Rank, ranks.Size);

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => ranks.AllReduce(values);
}
