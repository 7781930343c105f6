using System.Globalization;

namespace Temper.Parallelism.Planning;

/// <summary>Search algorithm for plans.</summary>
public enum SearchKind
{
    /// <summary>The paper's Algorithms 1 and 2: level by level, from the top.</summary>
    Greedy,

    /// <summary>
    /// All levels together: never worse than <see cref="Greedy"/>, and proven optimal for chains and series-parallel
    /// networks.
    /// </summary>
    Joint,
}

/// <summary>Options of the planner. The defaults are the paper's.</summary>
public sealed record PlanOptions
{
    /// <summary>Number of accelerators, 1 to 4096; default 16.</summary>
    public int Accelerators { get; init; } = 16;

    /// <summary>Samples per step over all accelerators, at least 1; default 256.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Cost model: how bytes are counted.</summary>
    public CostKind Cost { get; init; } = CostKind.Figure;

    /// <summary>Search algorithm.</summary>
    public SearchKind Search { get; init; } = SearchKind.Greedy;

    /// <summary>Whether kernels may also be split by output channels.</summary>
    public bool AllowsOutputSplit { get; init; }

    /// <summary>Whether rows of images may also be split. Implies <see cref="AllowsOutputSplit"/>.</summary>
    public bool AllowsSpaceSplit { get; init; }

    /// <summary>Maximum memory per rank in bytes, 0 or more; null: not limited.</summary>
    public double? MemoryLimit { get; init; }

    /// <summary>Values that the optimizer keeps per weight: 0 for SGD, 1 with momentum (default), 2 for Adam.</summary>
    public int OptimizerStates { get; init; } = 1;

    /// <summary>Number of kinds of splits.</summary>
    internal int Splits => AllowsSpaceSplit ? 4 : AllowsOutputSplit ? 3 : 2;
}

/// <summary>Bytes moved per step under a plan and under the baselines that it is compared with.</summary>
/// <param name="Plan">Bytes of the plan.</param>
/// <param name="Data">Bytes of data parallelism: every layer splits samples.</param>
/// <param name="Model">Bytes of model parallelism: every layer splits its kernel by input channels.</param>
/// <param name="Trick">Bytes of "one weird trick": convolutions split samples, linear layers split the kernel.</param>
/// <param name="LowerBound">
/// Lower bound of the bytes of any plan with these splits; equal to the bytes of the joint search's plan if that is
/// proven optimal.
/// </param>
public sealed record PlanBytes(double Plan, double Data, double Model, double Trick, double LowerBound);

/// <summary>A plan with its bytes, memory and notes.</summary>
public sealed record PlanResult
{
    /// <summary>The plan.</summary>
    public required RankPlan Plan { get; init; }

    /// <summary>Bytes moved per step.</summary>
    public required PlanBytes Bytes { get; init; }

    /// <summary>
    /// Memory of a rank in bytes, 4 per value: weights, their gradients and optimizer states, and for its share of the
    /// batch the input data, the inputs of the other layers, the outputs of all layers, and the errors of the outputs.
    /// A <see cref="Saving"/> reduces it.
    /// </summary>
    public required double RankMemory { get; init; }

    /// <summary>Memory savings needed to stay within the memory limit.</summary>
    public MemorySaving Saving { get; init; }

    /// <summary>Notes for the user, such as why data parallelism was chosen.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Returns the bytes that a layer moves per step.</summary>
    /// <param name="layer">Index among the layers with weights.</param>
    /// <returns>
    /// Bytes to sum gradients, to sum outputs and output gradients, and to bring the output into the split of the
    /// layers that read it.
    /// </returns>
    public (double Gradients, double Outputs, double Next) LayerBytes(int layer)
    {
        int index = Cost.Network.Weighted[layer], pattern = Patterns[index];
        double next = Cost.Network.Edges.Where(edge => edge.From == index)
            .Sum(edge => Cost.Edge(edge, pattern, Patterns[edge.To]));
        return (Cost.Gradient(index, pattern), Cost.Activations(index, pattern), next);
    }

    internal int[] Patterns { get; init; } = [];

    internal PlanCost Cost { get; init; } = null!;

    internal int OptimizerStates { get; init; }
}

/// <summary>Plans how the training of a network is divided among accelerators.</summary>
public static class Planner
{
    private const int MaxPatterns = 1 << 16;

    /// <summary>Finds a plan.</summary>
    /// <param name="network">The network.</param>
    /// <param name="options">Accelerators, batch, costs, search, limits.</param>
    /// <param name="cancellation">Cancels the search.</param>
    /// <returns>The plan; data parallelism if no plan moves fewer bytes. Deterministic.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InfeasiblePlanException">
    /// No plan is possible: the batch is too small for the accelerators, or the memory limit is too low.
    /// </exception>
    /// <exception cref="OperationCanceledException">The search was canceled.</exception>
    /// <remarks>arXiv:1901.02067; docs/hypar.md lists what Temper adds.</remarks>
    public static PlanResult Plan(PlannedNetwork network, PlanOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        PlanCost cost = CostOf(network, options);
        var joint = new JointSearch(cost, cancellation);
        int[] greedy = new HyParSearch(cost).Find();
        double greedyBytes = JointSearch.Total(cost, greedy);
        // If tables of all pairs of patterns would be too large, use the greedy plan with a lower bound.
        SearchResult optimum =
            JointSearch.CanSearch(cost) ? joint.Find() : new SearchResult(greedy, greedyBytes, JointSearch.Bound(cost));
        if (double.IsInfinity(optimum.Bytes))
        {
            throw new InfeasiblePlanException(
                $"plan: {network.Name} cannot be divided (got a batch of {options.Batch} for {options.Accelerators} "
                + "accelerators, expected enough samples or channels for all); use a larger batch, fewer accelerators "
                + "or more kinds of splits");
        }

        // If the greedy plan is as good as the joint one, use the paper's plan.
        bool isGreedy = options.Search == SearchKind.Greedy || greedyBytes <= optimum.Bytes * (1 + 1e-12);
        int[] patterns = isGreedy && double.IsFinite(greedyBytes) ? greedy : optimum.Patterns;
        return Finish((cost, joint), options, patterns, optimum.LowerBound);
    }

    /// <summary>Computes the bytes and memory of a given plan.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">A plan for it.</param>
    /// <param name="options">Cost model and memory limit; accelerators and batch are taken from the plan.</param>
    /// <param name="cancellation">Cancels the search for the lower bound.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or the plan is for another network or has splits that are not allowed.
    /// </exception>
    /// <exception cref="InfeasiblePlanException">The plan does not fit into the memory limit.</exception>
    /// <exception cref="OperationCanceledException">The search was canceled.</exception>
    public static PlanResult Evaluate(
        PlannedNetwork network, RankPlan plan, PlanOptions options, CancellationToken cancellation = default)
    {
        options = options with { Accelerators = plan.Accelerators, Batch = plan.Batch };
        PlanCost cost = CostOf(network, options);
        var joint = new JointSearch(cost, cancellation);
        int[] patterns = joint.Find(isFixed: plan.Patterns(cost)).Patterns;
        MemorySaving saving = options.MemoryLimit is { } limit
            ? new MemorySearch(cost, joint, new RankMemory(cost, options.OptimizerStates)).Fit(patterns, limit)
            : MemorySaving.None;
        double bound = JointSearch.CanSearch(cost) ? joint.Find().LowerBound : JointSearch.Bound(cost);
        return Describe((cost, joint), options, patterns, bound, saving, []);
    }

    internal static PlanCost CostOf(PlannedNetwork network, PlanOptions options)
    {
        Hierarchy hierarchy = Hierarchy.Of(options.Accelerators);
        if (options.Batch < 1 || options.OptimizerStates < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options),
                $"plan: batch or optimizer states are out of range (got {options.Batch} and {options.OptimizerStates}, "
                + "expected at least 1 and 0)");
        }

        RequireLimit(options.MemoryLimit, nameof(options));
        int splits = options.Splits;
        if (Math.Pow(splits, hierarchy.Levels) > MaxPatterns)
        {
            throw new ArgumentException(
                $"plan: too many ways to split a layer (got {splits} kinds of splits at {hierarchy.Levels} levels, "
                + $"expected at most {MaxPatterns} combinations); allow fewer kinds of splits or fewer accelerators");
        }

        return new PlanCost(network, hierarchy, options.Batch, options.Cost, splits);
    }

    /// <summary>Throws if a memory limit is negative or NaN, with which no memory can be compared.</summary>
    internal static void RequireLimit(double? bytes, string parameter)
    {
        if (bytes is { } limit && !(limit >= 0))
        {
            throw new ArgumentOutOfRangeException(parameter, string.Create(
                CultureInfo.InvariantCulture,
                $"plan: the memory limit is out of range (got {limit} bytes, expected 0 or more, or null)"));
        }
    }

    internal static PlanResult Finish(
        (PlanCost Cost, JointSearch Joint) search, PlanOptions options, int[] patterns, double bound)
    {
        int[] data = Baseline(search, _ => Split.Data);
        double dataBytes = JointSearch.Total(search.Cost, data);
        int[] chosen = dataBytes <= JointSearch.Total(search.Cost, patterns) ? data : patterns;
        int[] fits = chosen;
        MemorySaving saving = MemorySaving.None;
        if (options.MemoryLimit is { } limit)
        {
            var memory = new RankMemory(search.Cost, options.OptimizerStates);
            (fits, saving) = new MemorySearch(search.Cost, search.Joint, memory).Find(chosen, limit);
        }

        // Notes describe the final plan, not one that the memory limit has replaced.
        var notes = new List<string>();
        if (double.IsInfinity(dataBytes))
        {
            notes.Add($"data parallelism is not possible: {options.Batch} samples are fewer than "
                + $"{options.Accelerators} accelerators");
        }

        if (!fits.AsSpan().SequenceEqual(chosen))
        {
            notes.Add($"the plan that moves the fewest bytes{(chosen == data ? ", data parallelism," : "")} does not "
                + "fit into the memory; this plan does");
        }
        else if (chosen == data)
        {
            notes.Add("data parallelism is chosen: the search found no plan that moves fewer bytes, so kernels are "
                + "not divided");
        }

        return Describe(search, options, fits, bound, saving, notes);
    }

    private static PlanResult Describe(
        (PlanCost Cost, JointSearch Joint) search, PlanOptions options, int[] patterns, double bound,
        MemorySaving saving, List<string> notes)
    {
        if (options.Batch % options.Accelerators != 0)
        {
            notes.Add($"a batch of {options.Batch} is not divisible by {options.Accelerators}: ranks get unequal "
                + "shares, but bytes are computed for equal shares");
        }

        PlanCost cost = search.Cost;
        return new PlanResult
        {
            Plan = RankPlan.From(cost, patterns),
            Bytes = new PlanBytes(
                Bytes(cost, patterns), Bytes(cost, Baseline(search, _ => Split.Data)),
                Bytes(cost, Baseline(search, _ => Split.Input)),
                Bytes(cost, Baseline(search, OneWeirdTrick)), bound),
            RankMemory = new RankMemory(cost, options.OptimizerStates).Plan(patterns, saving),
            Saving = saving,
            Notes = notes,
            Patterns = patterns,
            Cost = cost,
            OptimizerStates = options.OptimizerStates,
        };
    }

    /// <summary>The splits of "one weird trick": convolutions split samples, linear layers split the kernel.</summary>
    internal static Split OneWeirdTrick(PlannedLayer layer) => layer.IsConvolution ? Split.Data : Split.Input;

    /// <summary>Returns the plan in which a rule chooses each layer's split, with the same costs.</summary>
    internal static PlanResult Baseline(PlanResult result, Func<PlannedLayer, Split> rule)
    {
        int[] patterns = Baseline((result.Cost, new JointSearch(result.Cost)), rule);
        return result with { Patterns = patterns, Plan = RankPlan.From(result.Cost, patterns) };
    }

    /// <summary>
    /// Returns the patterns in which a rule chooses the split of each layer with weights, for all levels. Junctions get
    /// the splits with the fewest bytes.
    /// </summary>
    internal static int[] Baseline((PlanCost Cost, JointSearch Joint) search, Func<PlannedLayer, Split> rule)
    {
        PlanCost cost = search.Cost;
        int[] patterns = [.. cost.Network.Layers.Select(
            layer => layer.HasWeights ? cost.Patterns.Uniform(rule(layer)) : -1)];
        return cost.Network.Layers.All(layer => layer.HasWeights)
            ? patterns
            : search.Joint.Find(cost, isFixed: patterns).Patterns;
    }

    /// <summary>Returns the bytes of a plan, even if layers are too small for it.</summary>
    private static double Bytes(PlanCost cost, int[] patterns) => JointSearch.Total(cost, patterns, patterns);
}
