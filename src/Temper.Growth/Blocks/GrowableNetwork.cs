using Temper.Networks;
using Temper.Randomness;

namespace Temper.Growth.Blocks;

/// <summary>A stage: blocks of one kind, one behind the other.</summary>
public sealed record GrowthStage
{
    internal GrowthStage(string name, string prefix, BlockTemplate template) =>
        (Name, Prefix, Template) = (name, prefix, template);

    /// <summary>Name for people.</summary>
    public string Name { get; }

    /// <summary>Its blocks, in the order of the network.</summary>
    public IReadOnlyList<GrowthBlock> Blocks { get; internal init; } = [];

    /// <summary>
    /// Whether a new block adds its result to its input; the first one may have a shortcut with weights instead.
    /// </summary>
    public bool IsResidual => Template.IsResidual;

    /// <summary>Blocks at its beginning that stay: the first one of a family's stage changes the shape.</summary>
    internal const int Fixed = 1;

    /// <summary>
    /// Number in the name of the next block. No name is given twice, so that state never follows a name to another
    /// block.
    /// </summary>
    internal int Next { get; init; }

    /// <summary>What stands before the number in the name of a new block.</summary>
    internal string Prefix { get; }

    internal BlockTemplate Template { get; }
}

/// <summary>A network that knows its stages of repeatable blocks. A value: each edit gives another one.</summary>
/// <example><code>
/// GrowableNetwork seed = GrowableNetwork.Of(StagedFamily.ByName("basic3"), [1, 1, 1]);
/// GrowableNetwork deeper = seed.Append(stage: 2, fresh: stream);      // 1-1-2
/// </code></example>
public sealed class GrowableNetwork
{
    private GrowableNetwork(Network network, IReadOnlyList<GrowthStage> stages) =>
        (Network, Stages) = (network, stages);

    /// <summary>The network.</summary>
    public Network Network { get; }

    /// <summary>Its stages, from the input on.</summary>
    public IReadOnlyList<GrowthStage> Stages { get; }

    /// <summary>Blocks in each stage.</summary>
    public IReadOnlyList<int> Depths => [.. Stages.Select(stage => stage.Blocks.Count)];

    /// <summary>A network of a family.</summary>
    /// <param name="family">Which.</param>
    /// <param name="depths">Blocks in each stage, one or more.</param>
    /// <param name="options">Input and classes.</param>
    /// <returns>Its weights zero: initialize <see cref="Network"/> and give it back by <see cref="With"/>.</returns>
    /// <exception cref="ArgumentException">Depths do not fit the family.</exception>
    public static GrowableNetwork Of(StagedFamily family, IReadOnlyList<int> depths, ZooOptions? options = null)
    {
        // The second block of a stage is the one that can be repeated: the first may change the shape.
        Network model = family.Build([.. family.Widths.Select(_ => 2)], options),
            network = family.Build(depths, options);
        return new GrowableNetwork(network,
        [
            .. depths.Select((depth, stage) => new GrowthStage(
                $"layer{stage + 1}", $"layer{stage + 1}.",
                BlockTemplate.Of(model, BlockTemplate.Found(model, StagedFamily.BlockName(stage, 1))))
            {
                Blocks = [.. Enumerable.Range(0, depth).Select(
                    i => BlockTemplate.Found(network, StagedFamily.BlockName(stage, i)))], Next = depth,
            }),
        ]);
    }

    /// <summary>A network whose repeated blocks are found in its graph.</summary>
    /// <param name="network">Any network with one input and one output.</param>
    /// <exception cref="ArgumentException">No block is repeated.</exception>
    public static GrowableNetwork Find(Network network)
    {
        IReadOnlyList<IReadOnlyList<GrowthBlock>> found = RepeatedBlocks.Of(network);
        return found.Count > 0
            ? new GrowableNetwork(network,
            [
                .. found.Select((blocks, stage) => new GrowthStage(
                    $"stage{stage + 1}", FreePrefix(network, $"grown{stage + 1}"),
                    BlockTemplate.Of(network, blocks[0])) { Blocks = blocks }),
            ])
            : throw new ArgumentException(
                "growth: the network has no repeatable block (got none, expected a sub-graph with weights that gives "
                + "the shape it takes, at least twice); "
                + "grow a family instead, or name a network with repeated blocks");
    }

    /// <summary>The same structure with other numbers.</summary>
    /// <param name="network">A network of the same nodes.</param>
    /// <exception cref="ArgumentException">Nodes of the blocks are missing.</exception>
    public GrowableNetwork With(Network network)
    {
        var names = network.Nodes.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        string? missing = Stages.SelectMany(stage => stage.Blocks)
            .SelectMany(block => block.Nodes).FirstOrDefault(node => !names.Contains(node));
        return missing is null
            ? new GrowableNetwork(network, Stages)
            : throw new ArgumentException($"growth: the network lacks a block's node (got none called '{missing}'); "
                + "give one of the same structure", nameof(network));
    }

    /// <summary>Adds a block at the end of a stage.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="fresh">Where its first weights come from.</param>
    public GrowableNetwork Append(int stage, RandomStream fresh) => Insert(stage, StageAt(stage).Blocks.Count, fresh);

    /// <summary>Adds a block in a stage. All other weights, statistics and masks stay as they are, by name.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="at">Its index among the stage's blocks, 1 or more: it takes what the block before it gives.</param>
    /// <param name="fresh">Where its first weights come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage or index.</exception>
    public GrowableNetwork Insert(int stage, int at, RandomStream fresh)
    {
        GrowthStage old = StageAt(stage);
        if (at < 1 || at > old.Blocks.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(at), $"growth: no such place in {old.Name} (got {at}, expected 1 to {old.Blocks.Count})");
        }

        string name = $"{old.Prefix}{old.Next}";
        Network network = Network.Splice(old.Blocks[at - 1].Output, x => old.Template.Build(x, name), fresh);
        return Changed(network, stage, old with
        {
            Blocks = [.. old.Blocks.Take(at), BlockTemplate.Found(network, name), .. old.Blocks.Skip(at)],
            Next = old.Next + 1,
        });
    }

    /// <summary>
    /// Takes a block out: what took its output takes its input. Of a residual block this leaves the shortcut.
    /// </summary>
    /// <param name="stage">From 0.</param>
    /// <param name="at">Index of the block; those at the beginning that change the shape cannot go.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block, or it has to stay.</exception>
    public GrowableNetwork Remove(int stage, int at)
    {
        GrowthStage old = StageAt(stage);
        if (at < GrowthStage.Fixed || at >= old.Blocks.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(at), $"growth: block {at} of {old.Name} cannot be removed (expected {GrowthStage.Fixed} to "
                    + $"{old.Blocks.Count - 1})");
        }

        GrowthBlock block = old.Blocks[at];
        Network network = Network.Splice([block.InputIn(Network)], values => values[0], block.Output);
        return Changed(network, stage, old with { Blocks = [.. old.Blocks.Where(other => other != block)] });
    }

    /// <summary>The structure that a state says: which blocks each stage has, and which name comes next.</summary>
    internal GrowableNetwork Restored(Network network, IReadOnlyList<StageState> states) => new(network,
    [
        .. Stages.Zip(states, (stage, state) => stage with
        {
            Blocks = [.. state.Blocks.Select(name => stage.Blocks.FirstOrDefault(block =>
                string.Equals(block.Name, name, StringComparison.Ordinal)) ?? BlockTemplate.Found(network, name))],
            Next = state.Next,
        }),
    ]);

    internal IReadOnlyList<StageState> States() =>
        [.. Stages.Select(stage => new StageState([.. stage.Blocks.Select(block => block.Name)], stage.Next))];

    /// <summary>Depths as the literature writes them: <c>2-1-3</c>.</summary>
    public override string ToString() => string.Join('-', Depths);

    private GrowthStage StageAt(int stage) => stage >= 0 && stage < Stages.Count
        ? Stages[stage]
        : throw new ArgumentOutOfRangeException(
            nameof(stage), $"growth: no such stage (got {stage}, expected 0 to {Stages.Count - 1})");

    private GrowableNetwork Changed(Network network, int stage, GrowthStage changed) =>
        new(network, [.. Stages.Select((old, i) => i == stage ? changed : old)]);

    private static string FreePrefix(Network network, string wanted)
    {
        while (network.Nodes.Any(node => node.Name.StartsWith($"{wanted}.", StringComparison.Ordinal)))
        {
            wanted += "x";
        }

        return $"{wanted}.";
    }
}

/// <summary>What is saved of a stage: its blocks by name, and the number of the next one.</summary>
internal sealed record StageState(IReadOnlyList<string> Blocks, int Next);
