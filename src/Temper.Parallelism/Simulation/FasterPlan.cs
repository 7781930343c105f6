using System.Globalization;
using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// Chooses between a plan and data parallelism by simulated time. A plan with fewer bytes is not always faster, because
/// links of one level may be slower than those of another.
/// </summary>
public static class FasterPlan
{
    /// <summary>
    /// Returns the plan, or data parallelism if its simulated step is not slower; a note then gives the times.
    /// </summary>
    /// <param name="result">A plan.</param>
    /// <param name="machine">The accelerators.</param>
    /// <param name="memoryLimit">Maximum memory per rank in bytes, 0 or more; null: not limited.</param>
    /// <exception cref="ArgumentException">
    /// The numbers of accelerators of the machine and the plan differ, or a number is out of range.
    /// </exception>
    public static PlanResult Choose(PlanResult result, Machine machine, double? memoryLimit = null)
    {
        Planner.RequireLimit(memoryLimit, nameof(memoryLimit));
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

        string reason = string.Create(
            CultureInfo.InvariantCulture,
            $"data parallelism is chosen: on {machine.Name} its step takes {dataSeconds:G3} s, "
            + $"and a step of the plan with the fewest bytes {seconds:G3} s");
        return data with
        {
            Bytes = result.Bytes with { Plan = result.Bytes.Data },
            RankMemory = memory,
            Notes = [.. result.Notes, reason],
        };
    }
}
