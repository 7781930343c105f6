namespace Temper.Parallelism.Planning;

/// <summary>
/// A plan of how a network is divided among accelerators: what each layer with weights splits at each level of the
/// hierarchy.
/// </summary>
public sealed record RankPlan
{
    /// <summary>Name of the network that the plan is for.</summary>
    public required string Network { get; init; }

    /// <summary>Names of the layers with weights, in order.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>Number of accelerators.</summary>
    public required int Accelerators { get; init; }

    /// <summary>Samples per step over all accelerators.</summary>
    public required int Batch { get; init; }

    /// <summary>
    /// One text per level, starting with the level that divides all accelerators. Each text has a digit per layer: the
    /// number of its <see cref="Split"/>.
    /// </summary>
    public required IReadOnlyList<string> Levels { get; init; }

    /// <summary>
    /// Splits of junctions (points without weights where branches meet) by name, a digit per level. Junctions that are
    /// not listed get the splits with the fewest bytes.
    /// </summary>
    public IReadOnlyDictionary<string, string> Junctions { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets the split of a layer at a level.</summary>
    /// <param name="level">Level, 0 for the one that divides all accelerators.</param>
    /// <param name="layer">Index among the layers with weights.</param>
    public Split this[int level, int layer] => (Split)(Levels[level][layer] - '0');

    /// <summary>Whether every layer divides samples at every level.</summary>
    public bool IsDataParallel => Levels.All(level => level.All(digit => digit == '0'));

    internal static RankPlan From(PlanCost cost, int[] patterns) => new()
    {
        Network = cost.Network.Name,
        Layers = [.. cost.Network.Weighted.Select(layer => cost.Network.Layers[layer].Name)],
        Accelerators = cost.Hierarchy.Accelerators,
        Batch = cost.Batch,
        Levels =
        [
            .. Enumerable.Range(0, cost.Hierarchy.Levels).Select(level => string.Concat(
                cost.Network.Weighted.Select(layer => (char)('0' + cost.Patterns.Digits(patterns[layer])[level])))),
        ],
        Junctions = Enumerable.Range(0, patterns.Length)
            .Where(layer => !cost.Network.Layers[layer].HasWeights)
            .ToDictionary(
                layer => cost.Network.Layers[layer].Name, layer => Text(cost.Patterns.Digits(patterns[layer])),
                StringComparer.Ordinal),
    };

    /// <summary>Returns the pattern of each layer; -1 for junctions that the plan does not list.</summary>
    /// <exception cref="ArgumentException">
    /// The plan is for other layers, or has splits that the costs do not allow.
    /// </exception>
    internal int[] Patterns(PlanCost cost)
    {
        string[] names = [.. cost.Network.Weighted.Select(layer => cost.Network.Layers[layer].Name)];
        if (!names.SequenceEqual(Layers, StringComparer.Ordinal)
            || Levels.Count != cost.Hierarchy.Levels || Accelerators != cost.Hierarchy.Accelerators)
        {
            throw new ArgumentException(
                $"plan: the plan does not fit the network (got {Layers.Count} layers of {Network} for {Accelerators} "
                + $"accelerators, expected the {names.Length} layers of {cost.Network.Name} for "
                + $"{cost.Hierarchy.Accelerators}); make a new plan");
        }

        int[] patterns = new int[cost.Network.Layers.Count];
        Array.Fill(patterns, -1);
        for (int i = 0; i < names.Length; i++)
        {
            patterns[cost.Network.Weighted[i]] = Pattern(cost, string.Concat(Levels.Select(level => level[i])));
        }

        for (int layer = 0; layer < patterns.Length; layer++)
        {
            if (patterns[layer] < 0 && Junctions.TryGetValue(cost.Network.Layers[layer].Name, out string? digits))
            {
                patterns[layer] = Pattern(cost, digits);
            }
        }

        return patterns;
    }

    private static int Pattern(PlanCost cost, string digits)
    {
        Span<byte> splits = stackalloc byte[digits.Length];
        for (int i = 0; i < digits.Length; i++)
        {
            splits[i] = (byte)(digits[i] - '0');
            if (splits[i] >= cost.Patterns.Splits)
            {
                throw new ArgumentException($"plan: the plan has a split that is not allowed (got '{digits[i]}', "
                    + $"expected 0 to {cost.Patterns.Splits - 1}); allow more kinds of splits");
            }
        }

        return cost.Patterns.IndexOf(splits);
    }

    private static string Text(ReadOnlySpan<byte> digits)
    {
        Span<char> text = stackalloc char[digits.Length];
        for (int i = 0; i < digits.Length; i++)
        {
            text[i] = (char)('0' + digits[i]);
        }

        return new string(text);
    }
}
