using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>Fewer bytes are not always less time: links of one level may be slower than those of another.</summary>
public static class FasterPlan
{
    /// <summary>The plan, or data parallelism where a simulated step of it is not slower; a note says so.</summary>
    /// <param name="result">A plan.</param>
    /// <param name="machine">The accelerators.</param>
    /// <param name="memoryLimit">Most bytes that a rank may hold; null: no limit.</param>
    /// <exception cref="ArgumentException">The machine has another number of accelerators than the plan.</exception>
    public static PlanResult Choose(PlanResult result, Machine machine, double? memoryLimit = null)
    {
        double seconds = StepSimulator.Run(result, machine).Seconds;
        PlanResult data = Planner.Baseline(result, _ => Split.Data);
        double memory = new RankMemory(result.Cost, result.OptimizerStates).Plan(data.Patterns, result.Saving);
        bool isPossible = Enumerable.Range(0, data.Patterns.Length)
            .All(layer => result.Cost.Allows(layer, data.Patterns[layer])) && !(memory > memoryLimit);
        double dataSeconds = StepSimulator.Run(data, machine).Seconds;
        if (result.Plan.IsDataParallel || !isPossible || dataSeconds > seconds)
        {
            return result;
        }

        string reason = System.FormattableString.Invariant(
            $"data parallelism is chosen: a step takes {dataSeconds:G3} s on {machine.Name}, under the plan of the fewest bytes {seconds:G3} s");
        return data with
        {
            Bytes = result.Bytes with { Plan = result.Bytes.Data },
            RankMemory = memory,
            Notes = [.. result.Notes, reason],
        };
    }
}
