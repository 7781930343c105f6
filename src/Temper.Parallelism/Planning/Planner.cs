namespace Temper.Parallelism.Planning;

/// <summary>How a plan is searched for.</summary>
public enum SearchKind
{
    /// <summary>The paper's Algorithms 1 and 2: level by level from the top.</summary>
    Greedy,

    /// <summary>
    /// All levels at once: never worse, and proven to be the best for chains and series-parallel networks.
    /// </summary>
    Joint,
}

/// <summary>What to plan for; defaults are the paper's.</summary>
public sealed record PlanOptions
{
    /// <summary>Number of accelerators, 1 to 4096.</summary>
    public int Accelerators { get; init; } = 16;

    /// <summary>Samples of a step, of all accelerators together.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>How bytes are counted.</summary>
    public CostKind Cost { get; init; } = CostKind.Figure;

    /// <summary>How the plan is found.</summary>
    public SearchKind Search { get; init; } = SearchKind.Greedy;

    /// <summary>Whether kernels may be split by output channels too.</summary>
    public bool AllowsOutputSplit { get; init; }

    /// <summary>Whether the rows of images may be split too.</summary>
    public bool AllowsSpaceSplit { get; init; }

    /// <summary>Most bytes a rank may hold; null: no limit.</summary>
    public double? MemoryLimit { get; init; }

    /// <summary>Numbers that the optimizer keeps for each weight: 0 for SGD, 1 with momentum, 2 for Adam.</summary>
    public int OptimizerStates { get; init; } = 1;

    /// <summary>Kinds of splits that patterns are made of.</summary>
    internal int Splits => AllowsSpaceSplit ? 4 : AllowsOutputSplit ? 3 : 2;
}

/// <summary>Bytes of a step under a plan and under what it is compared with.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Data">Every layer splits samples.</param>
/// <param name="Model">Every layer splits its kernel by input channels.</param>
/// <param name="Trick">"One weird trick": convolutions split samples, linear layers the kernel.</param>
/// <param name="LowerBound">
/// No plan of these splits moves fewer; equal to the joint search's plan where that is proven to be the best.
/// </param>
public sealed record PlanBytes(double Plan, double Data, double Model, double Trick, double LowerBound);

/// <summary>A plan and what is known of it.</summary>
public sealed record PlanResult
{
    /// <summary>The plan.</summary>
    public required RankPlan Plan { get; init; }

    /// <summary>Bytes moved in a step.</summary>
    public required PlanBytes Bytes { get; init; }

    /// <summary>Most bytes that a rank holds.</summary>
    public required double RankMemory { get; init; }

    /// <summary>What it takes to stay within the memory limit.</summary>
    public MemorySaving Saving { get; init; }

    /// <summary>What a reader should know: why data parallelism was chosen, what could not be split.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Bytes that a layer moves in a step.</summary>
    /// <param name="layer">Index among the layers with weights.</param>
    /// <returns>
    /// To sum gradients, to sum outputs and errors, and to bring its output into the split of the layers behind it.
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

/// <summary>Plans how training a network is divided among accelerators.</summary>
public static class Planner
{
    private const int MaxPatterns = 1 << 16;

    /// <summary>Finds a plan.</summary>
    /// <param name="network">The network.</param>
    /// <param name="options">Accelerators, batch, costs, search, limits.</param>
    /// <param name="cancellation">Ends a search that takes long.</param>
    /// <returns>The plan; data parallelism where nothing beats it. The same for the same arguments.</returns>
    /// <exception cref="ArgumentException">Options cannot be used.</exception>
    /// <exception cref="InfeasiblePlanException">
    /// No plan fits: the batch is too small for the accelerators, or the memory limit too low.
    /// </exception>
    /// <exception cref="OperationCanceledException">The search was canceled.</exception>
    /// <remarks>arXiv:1901.02067; see docs/hypar.md for what is ours.</remarks>
    public static PlanResult Plan(PlannedNetwork network, PlanOptions options, CancellationToken cancellation = default)
    {
        PlanCost cost = CostOf(network, options);
        var joint = new JointSearch(cost, cancellation);
        int[] greedy = new HyParSearch(cost).Find();
        double greedyBytes = JointSearch.Total(cost, greedy);
        // Tables of all pairs of patterns would be too large: the greedy plan, with a bound.
        SearchResult optimum =
            JointSearch.CanSearch(cost) ? joint.Find() : new SearchResult(greedy, greedyBytes, JointSearch.Bound(cost));
        if (double.IsInfinity(optimum.Bytes))
        {
            throw new InfeasiblePlanException(
                $"plan: {network.Name} cannot be divided (got a batch of {options.Batch} for {options.Accelerators} "
                + "accelerators, expected enough samples or channels for all); use a larger batch, fewer accelerators "
                    + "or more kinds of splits");
        }

        // What the search proves equal stays with the paper's plan.
        bool isGreedy = options.Search == SearchKind.Greedy || greedyBytes <= optimum.Bytes * (1 + 1e-12);
        return Finish((cost, joint), options, isGreedy
            && double.IsFinite(greedyBytes) ? greedy : optimum.Patterns, optimum.LowerBound);
    }

    /// <summary>What is known of a given plan.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">A plan for it.</param>
    /// <param name="options">Costs and memory limit; accelerators and batch are the plan's.</param>
    /// <param name="cancellation">Ends the search for the lower bound.</param>
    /// <exception cref="ArgumentException">
    /// The plan is for another network, or has splits that are not allowed.
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
            throw new ArgumentOutOfRangeException(nameof(options), "plan: batch and optimizer states (got "
                + $"{options.Batch} and {options.OptimizerStates}, expected at least 1 and 0)");
        }

        int splits = options.Splits;
        if (Math.Pow(splits, hierarchy.Levels) > MaxPatterns)
        {
            throw new ArgumentException(
                $"plan: too many ways to split a layer (got {splits} kinds over {hierarchy.Levels} levels); allow "
                + "fewer kinds of splits or fewer accelerators");
        }

        return new PlanCost(network, hierarchy, options.Batch, options.Cost, splits);
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

        // Notes are about the plan in the end, not about one that the memory limit has replaced.
        var notes = new List<string>();
        if (double.IsInfinity(dataBytes))
        {
            notes.Add($"data parallelism is no choice: {options.Batch} samples are fewer than {options.Accelerators} "
                + "accelerators");
        }

        if (!fits.AsSpan().SequenceEqual(chosen))
        {
            notes.Add($"the plan that moves the fewest bytes{(chosen == data ? ", data parallelism," : "")} does not "
                + "fit into the memory; this one does");
        }
        else if (chosen == data)
        {
            notes.Add("data parallelism is chosen: no plan that was found moves fewer bytes, so kernels stay whole");
        }

        return Describe(search, options, fits, bound, saving, notes);
    }

    private static PlanResult Describe(
        (PlanCost Cost, JointSearch Joint) search, PlanOptions options, int[] patterns, double bound,
        MemorySaving saving, List<string> notes)
    {
        if (options.Batch % options.Accelerators != 0)
        {
            notes.Add($"a batch of {options.Batch} does not divide evenly by {options.Accelerators}: ranks get unequal "
                + "shares, and bytes are those of equal ones");
        }

        PlanCost cost = search.Cost;
        return new PlanResult
        {
            Plan = RankPlan.From(cost, patterns),
            Bytes = new PlanBytes(
                Bytes(cost, patterns), Bytes(cost, Baseline(search, _ => Split.Data)),
                Bytes(cost, Baseline(search, _ => Split.Input)),
                Bytes(cost, Baseline(search, layer => layer.IsConvolution ? Split.Data : Split.Input)), bound),
            RankMemory = new RankMemory(cost, options.OptimizerStates).Plan(patterns, saving),
            Saving = saving,
            Notes = notes,
            Patterns = patterns,
            Cost = cost,
            OptimizerStates = options.OptimizerStates,
        };
    }

    /// <summary>The same network under a rule, with the same costs.</summary>
    internal static PlanResult Baseline(PlanResult result, Func<PlannedLayer, Split> rule)
    {
        int[] patterns = Baseline((result.Cost, new JointSearch(result.Cost)), rule);
        return result with { Patterns = patterns, Plan = RankPlan.From(result.Cost, patterns) };
    }

    /// <summary>The plan in which a rule decides for all levels; junctions go with the least bytes.</summary>
    internal static int[] Baseline((PlanCost Cost, JointSearch Joint) search, Func<PlannedLayer, Split> rule)
    {
        PlanCost cost = search.Cost;
        int[] patterns = [.. cost.Network.Layers.Select(
            layer => layer.HasWeights ? cost.Patterns.Uniform(rule(layer)) : -1)];
        return cost.Network.Layers.All(layer => layer.HasWeights)
            ? patterns
            : search.Joint.Find(cost, isFixed: patterns).Patterns;
    }

    /// <summary>Bytes of a plan, also where layers are too small for it.</summary>
    private static double Bytes(PlanCost cost, int[] patterns) => JointSearch.Total(cost, patterns, patterns);
}
