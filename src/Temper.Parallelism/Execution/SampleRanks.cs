using Temper.Data;
using Temper.Parallelism.Collectives;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>Ranks that divide samples for evaluation only; they do not train.</summary>
internal sealed class SampleRanks(Communicator ranks) : TrainingRanks
{
    /// <inheritdoc/>
    public override BatchPart Part => new(ranks.Rank, ranks.Size);

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => ranks.AllReduce(values);
}
