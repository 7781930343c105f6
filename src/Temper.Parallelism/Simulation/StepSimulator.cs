using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>A task in the timeline of a simulated step.</summary>
/// <param name="Name">Name of the task, such as <c>conv1 forward</c> or <c>fc1 gradients</c>.</param>
/// <param name="IsCommunication">True: data move; false: accelerators compute.</param>
/// <param name="Start">Start in seconds from the start of the step.</param>
/// <param name="End">End in seconds from the start of the step.</param>
public sealed record StepSegment(string Name, bool IsCommunication, double Start, double End);

/// <summary>Timeline of a simulated step.</summary>
/// <param name="Seconds">Duration of the step.</param>
/// <param name="ComputeSeconds">Time in which accelerators compute.</param>
/// <param name="CommunicationSeconds">Time in which data move.</param>
/// <param name="Joules">Energy of all accelerators: multiply-accumulates and bytes moved.</param>
/// <param name="Segments">The tasks, ordered by start.</param>
public sealed record SimulatedStep(
    double Seconds, double ComputeSeconds, double CommunicationSeconds, double Joules,
    IReadOnlyList<StepSegment> Segments);

/// <summary>
/// Discrete-event simulation of one training step. A task starts when its predecessors are done and its resource is
/// free. Ranks run in lockstep, so a task represents all of them and lasts as long as the slowest rank or the busiest
/// link. Communication and computation are two resources, or a single one if they do not overlap.
/// </summary>
public static class StepSimulator
{
    /// <summary>Simulates a step.</summary>
    /// <param name="plan">A plan from the planner.</param>
    /// <param name="machine">The accelerators; their number must be that of the plan.</param>
    /// <exception cref="ArgumentException">
    /// The numbers of accelerators differ, or a number of the machine is out of range.
    /// </exception>
    public static SimulatedStep Run(PlanResult plan, Machine machine) => Run(plan.Cost, plan.Patterns, machine);

    internal static SimulatedStep Run(PlanCost cost, int[] patterns, Machine machine)
    {
        machine.Validate();
        int ranks = cost.Hierarchy.Accelerators;
        if (machine.Topology.Ranks != ranks)
        {
            throw new ArgumentException(
                $"plan: the machine does not fit the plan (got {machine.Topology.Ranks} accelerators, expected "
                + $"{ranks}); use links between as many accelerators as the plan has");
        }

        if (machine.Speeds.Count != 0 && machine.Speeds.Count != ranks)
        {
            throw new ArgumentException(
                $"plan: the machine does not fit the plan (got {machine.Speeds.Count} speeds, expected 0 or {ranks}); "
                + "give one speed for each accelerator, or none");
        }

        var tasks = new StepTasks(cost, patterns, machine);
        IReadOnlyList<StepSegment> segments = Schedule(tasks.All, machine.Overlaps);
        double macs = 3.0 * cost.Batch * cost.Network.Layers.Sum(layer => (double)layer.Macs);
        return new SimulatedStep(
            segments.Count == 0 ? 0 : segments.Max(segment => segment.End),
            segments.Where(segment => !segment.IsCommunication).Sum(segment => segment.End - segment.Start),
            segments.Where(segment => segment.IsCommunication).Sum(segment => segment.End - segment.Start),
            (macs * machine.JoulesPerMac) + (JointSearch.Total(cost, patterns, patterns) * machine.JoulesPerByte),
            segments);
    }

    /// <summary>
    /// Runs tasks in the order in which they become ready; among tasks that become ready at the same time, in order of
    /// creation.
    /// </summary>
    private static List<StepSegment> Schedule(IReadOnlyList<StepTask> tasks, bool overlaps)
    {
        int[] waits = [.. tasks.Select(task => task.After.Count)];
        double[] readyAt = new double[tasks.Count];
        List<int>[] followers = [.. tasks.Select(_ => new List<int>())];
        var ready = new PriorityQueue<int, (double, int)>();
        for (int i = 0; i < tasks.Count; i++)
        {
            foreach (int before in tasks[i].After)
            {
                followers[before].Add(i);
            }

            if (waits[i] == 0)
            {
                ready.Enqueue(i, (0, i));
            }
        }

        double[] free = new double[2];
        var segments = new List<StepSegment>();
        while (ready.TryDequeue(out int index, out _))
        {
            StepTask task = tasks[index];
            int resource = overlaps && task.IsCommunication ? 1 : 0;
            double start = task.Seconds > 0 ? Math.Max(readyAt[index], free[resource]) : readyAt[index],
                end = start + task.Seconds;
            if (task.Seconds > 0)
            {
                free[resource] = end;
                segments.Add(new StepSegment(task.Name, task.IsCommunication, start, end));
            }

            foreach (int follower in followers[index])
            {
                readyAt[follower] = Math.Max(readyAt[follower], end);
                if (--waits[follower] == 0)
                {
                    ready.Enqueue(follower, (readyAt[follower], follower));
                }
            }
        }

        return segments;
    }
}
