using Temper.Parallelism.Collectives;
using Temper.Parallelism.Simulation;

namespace Temper.Parallelism.Execution;

/// <summary>Synchronizes ranks that are timed together. All ranks must make the same calls.</summary>
/// <param name="ranks">The ranks.</param>
internal sealed class RankStart(Communicator ranks) : ProbeStart
{
    internal override void Wait() => ranks.Barrier();

    internal override bool All(bool own)
    {
        Span<double> others = [own ? 0 : 1];
        ranks.AllReduce(others);
        return others[0] == 0;
    }

    internal override double Slowest(double seconds)
    {
        double[] all = new double[ranks.Size];
        all[ranks.Rank] = seconds;
        ranks.AllReduce(all);
        return all.Max();
    }
}
