using System.Globalization;
using Temper.Networks;
using Temper.Randomness;

namespace Temper.Growth.Blocks;

/// <summary>A stage: a sequence of blocks of the same kind.</summary>
public sealed record GrowthStage
{
    internal GrowthStage(string name, string prefix, BlockTemplate template) =>
        (Name, Prefix, Template) = (name, prefix, template);

    /// <summary>Display name.</summary>
    public string Name { get; }

    /// <summary>The blocks, in network order.</summary>
    public IReadOnlyList<GrowthBlock> Blocks { get; internal init; } = [];

    /// <summary>
    /// Whether new blocks have an identity shortcut. The first block may have a shortcut with weights instead.
    /// </summary>
    public bool IsResidual => Template.IsResidual;

    /// <summary>
    /// Number of blocks at the start of a stage that cannot be removed: the first block of a family's stage changes the
    /// shape.
    /// </summary>
    internal const int Fixed = 1;

    /// <summary>
    /// Number in the name of the next block. Names are never reused, so that saved state cannot be assigned to a
    /// different block.
    /// </summary>
    internal int Next { get; init; }

    /// <summary>Prefix of the names of new blocks, before the number.</summary>
    internal string Prefix { get; }

    internal BlockTemplate Template { get; }
}

/// <summary>A network divided into stages of repeatable blocks. Immutable: each edit returns a new instance.</summary>
/// <example><code>
/// GrowableNetwork seed = GrowableNetwork.Of(StagedFamily.ByName("basic3"), [1, 1, 1]);
/// GrowableNetwork deeper = seed.Append(stage: 2, fresh: stream);      // 1-1-2
/// </code></example>
public sealed class GrowableNetwork
{
    private GrowableNetwork(Network network, IReadOnlyList<GrowthStage> stages) =>
        (Network, Stages) = (network, stages);

    /// <summary>The network definition and its weights.</summary>
    public Network Network { get; }

    /// <summary>The stages, from the input.</summary>
    public IReadOnlyList<GrowthStage> Stages { get; }

    /// <summary>Number of blocks of each stage.</summary>
    public IReadOnlyList<int> Depths => [.. Stages.Select(stage => stage.Blocks.Count)];

    /// <summary>Creates a network of a family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="depths">Number of blocks of each stage; 1 or more.</param>
    /// <param name="options">Input shape and number of classes; null: defaults.</param>
    /// <returns>
    /// The network with all weights zero. Initialize <see cref="Network"/> and pass the result to <see cref="With"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The depths do not match the family.</exception>
    public static GrowableNetwork Of(StagedFamily family, IReadOnlyList<int> depths, ZooOptions? options = null)
    {
        // The template is the second block of a stage, because the first block may change the shape.
        Network model = family.Build([.. family.Widths.Select(_ => 2)], options),
            network = family.Build(depths, options);
        return new GrowableNetwork(network,
        [
            .. depths.Select((depth, stage) => new GrowthStage(
                Numbered("layer", stage + 1), $"{Numbered("layer", stage + 1)}.",
                BlockTemplate.Of(model, BlockTemplate.Found(model, StagedFamily.BlockName(stage, 1))))
            {
                Blocks = [.. Enumerable.Range(0, depth).Select(
                    i => BlockTemplate.Found(network, StagedFamily.BlockName(stage, i)))], Next = depth,
            }),
        ]);
    }

    /// <summary>Finds the repeated blocks in the graph of any network.</summary>
    /// <param name="network">A network with one input and one output.</param>
    /// <exception cref="ArgumentException">The network has no repeated block.</exception>
    public static GrowableNetwork Find(Network network)
    {
        IReadOnlyList<IReadOnlyList<GrowthBlock>> found = RepeatedBlocks.Of(network);
        return found.Count > 0
            ? new GrowableNetwork(network,
            [
                .. found.Select((blocks, stage) => new GrowthStage(
                    Numbered("stage", stage + 1), FreePrefix(network, Numbered("grown", stage + 1)),
                    BlockTemplate.Of(network, blocks[0])) { Blocks = blocks }),
            ])
            : throw new ArgumentException(
                "growth: the network has no repeatable block (got none, expected a sub-graph with weights whose output "
                + "has the shape of its input, at least twice); "
                + "grow a family instead, or give a network with repeated blocks");
    }

    /// <summary>Returns the same structure with another network's weights.</summary>
    /// <param name="network">A network with the same nodes.</param>
    /// <exception cref="ArgumentException">A node of a block is missing.</exception>
    public GrowableNetwork With(Network network)
    {
        var names = network.Nodes.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        string? missing = Stages.SelectMany(stage => stage.Blocks)
            .SelectMany(block => block.Nodes).FirstOrDefault(node => !names.Contains(node));
        return missing is null
            ? new GrowableNetwork(network, Stages)
            : throw new ArgumentException($"growth: the network has no node '{missing}', which belongs to a block; "
                + "give a network of the same structure", nameof(network));
    }

    /// <summary>Appends a block to a stage.</summary>
    /// <param name="stage">Index of the stage, from 0.</param>
    /// <param name="fresh">Random stream for the initial weights.</param>
    public GrowableNetwork Append(int stage, RandomStream fresh) => Insert(stage, StageAt(stage).Blocks.Count, fresh);

    /// <summary>
    /// Inserts a block into a stage. All other weights, batch statistics and masks are unchanged and keep their names.
    /// </summary>
    /// <param name="stage">Index of the stage, from 0.</param>
    /// <param name="at">
    /// Index of the new block within the stage, 1 to the number of blocks. Its input is the output of the block at the
    /// preceding index.
    /// </param>
    /// <param name="fresh">Random stream for the initial weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">The stage or the index is out of range.</exception>
    public GrowableNetwork Insert(int stage, int at, RandomStream fresh)
    {
        GrowthStage old = StageAt(stage);
        if (at < 1 || at > old.Blocks.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(at), string.Create(
                CultureInfo.InvariantCulture,
                $"growth: index out of range in {old.Name} (got {at}, expected 1 to {old.Blocks.Count})"));
        }

        string name = Numbered(old.Prefix, old.Next);
        Network network = Network.Splice(old.Blocks[at - 1].Output, x => old.Template.Build(x, name), fresh);
        return Changed(network, stage, old with
        {
            Blocks = [.. old.Blocks.Take(at), BlockTemplate.Found(network, name), .. old.Blocks.Skip(at)],
            Next = old.Next + 1,
        });
    }

    /// <summary>
    /// Removes a block: its input replaces its output. For a residual block only the shortcut remains.
    /// </summary>
    /// <param name="stage">Index of the stage, from 0.</param>
    /// <param name="at">
    /// Index of the block within the stage; the first block cannot be removed, as it may change the shape.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The stage or the index is out of range.</exception>
    public GrowableNetwork Remove(int stage, int at)
    {
        GrowthStage old = StageAt(stage);
        if (at < GrowthStage.Fixed || at >= old.Blocks.Count)
        {
            string expected = old.Blocks.Count > GrowthStage.Fixed
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"expected {GrowthStage.Fixed} to {old.Blocks.Count - 1}, because the first block must stay")
                : "it has only its first block, which must stay";
            throw new ArgumentOutOfRangeException(nameof(at), string.Create(
                CultureInfo.InvariantCulture, $"growth: block {at} of {old.Name} cannot be removed ({expected})"));
        }

        GrowthBlock block = old.Blocks[at];
        Network network = Network.Splice([block.InputIn(Network)], values => values[0], block.Output);
        return Changed(network, stage, old with { Blocks = [.. old.Blocks.Where(other => other != block)] });
    }

    /// <summary>
    /// Returns the structure described by saved state: the blocks of each stage and the number of the next block.
    /// </summary>
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

    /// <summary>Returns the depths in the notation of the literature, such as <c>2-1-3</c>.</summary>
    public override string ToString() => string.Join('-', Depths);

    private GrowthStage StageAt(int stage) => stage >= 0 && stage < Stages.Count
        ? Stages[stage]
        : throw new ArgumentOutOfRangeException(nameof(stage), string.Create(
            CultureInfo.InvariantCulture, $"growth: no such stage (got {stage}, expected 0 to {Stages.Count - 1})"));

    private GrowableNetwork Changed(Network network, int stage, GrowthStage changed) =>
        new(network, [.. Stages.Select((old, i) => i == stage ? changed : old)]);

    private static string Numbered(string name, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}{number}");

    private static string FreePrefix(Network network, string wanted)
    {
        while (network.Nodes.Any(node => node.Name.StartsWith($"{wanted}.", StringComparison.Ordinal)))
        {
            wanted += "x";
        }

        return $"{wanted}.";
    }
}

/// <summary>Saved state of a stage: names of its blocks and the number of the next block.</summary>
internal sealed record StageState(IReadOnlyList<string> Blocks, int Next);
