using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>Simulated steps of a plan and of the baselines that it is compared with.</summary>
/// <param name="Machine">Name of the machine.</param>
/// <param name="Plan">Step of the plan.</param>
/// <param name="Data">Step of data parallelism: every layer splits samples.</param>
/// <param name="Model">Step of model parallelism: every layer splits its kernel by input channels.</param>
/// <param name="Trick">Step of "one weird trick": convolutions split samples, linear layers split the kernel.</param>
public sealed record PlanSteps(
    string Machine, SimulatedStep Plan, SimulatedStep Data, SimulatedStep Model, SimulatedStep Trick)
{
    /// <summary>Simulates all four steps.</summary>
    /// <param name="result">A plan from the planner.</param>
    /// <param name="machine">The accelerators; their number must be that of the plan.</param>
    /// <exception cref="ArgumentException">
    /// The numbers of accelerators differ, or a number of the machine is out of range.
    /// </exception>
    public static PlanSteps Of(PlanResult result, Machine machine) => new(
        machine.Name,
        StepSimulator.Run(result, machine),
        StepSimulator.Run(Planner.Baseline(result, _ => Split.Data), machine),
        StepSimulator.Run(Planner.Baseline(result, _ => Split.Input), machine),
        StepSimulator.Run(Planner.Baseline(result, Planner.OneWeirdTrick), machine));
}
