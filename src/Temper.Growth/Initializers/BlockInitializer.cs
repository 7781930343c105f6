using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Growth.Initializers;

/// <summary>
/// Initializes a new block. The layers' own initializers run first; a block initializer then changes parameters and
/// buffers of this block only.
/// </summary>
public abstract record BlockInitializer : IFingerprinted
{
    private static readonly BlockInitializer[] All =
        [
            new ZeroInit(), new AdamInit(), new UniInit(), new GauInit(), new DefaultInit(), new CopyInit(),
            new IdentityInit(), new GradMaxInit(),
        ];

    /// <summary>Names accepted by <see cref="ByName"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = Array.ConvertAll(All, initializer => initializer.Name);

    /// <summary>Name used in files and on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether the initializer is for residual blocks only: it makes the output of the branch zero, which in a plain
    /// network would make all later values constant.
    /// </summary>
    public virtual bool NeedsShortcut => false;

    /// <summary>Whether the initializer is for plain blocks only.</summary>
    public virtual bool RefusesShortcut => false;

    /// <summary>Returns the initializer with a given name and default options.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No initializer has this name.</exception>
    public static BlockInitializer ByName(string name) =>
        Array.Find(All, initializer => string.Equals(initializer.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"BlockInitializer: no such initializer (got '{name}', expected one of "
            + $"{string.Join(", ", Names)})", nameof(name));

    /// <summary>Initializes a new block.</summary>
    /// <param name="network">The network with the block, whose layers have been initialized; not changed.</param>
    /// <param name="block">The new block.</param>
    /// <param name="setting">Preceding block, data and random stream.</param>
    /// <returns>A network that differs only in the block's parameters and buffers.</returns>
    public abstract Network Initialize(Network network, GrowthBlock block, InitializerSetting setting);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>
    /// Returns the network with other values in the block's last normalization, or in its last layer if it has no
    /// normalization.
    /// </summary>
    private protected static Network WithLast(Network network, GrowthBlock block, Func<Parameter, Tensor> value)
    {
        Node last = block.LastNorm(network) ?? block.LastLayer(network);
        return network.WithParameters(
            last.Parameters.Select(name => network.Parameters[name] with { Value = value(network.Parameters[name]) }));
    }

    /// <summary>Returns the network with zeros in the block's last normalization or layer.</summary>
    private protected static Network Silenced(Network network, GrowthBlock block) => network.WithParameters(
        block.LastWeighted(network).Parameters.Select(name => network.Parameters[name]).Select(
            parameter => parameter with { Value = Tensor.Zeros(parameter.Value.Shape) }));

    private protected static JsonObject Named(string name) => new() { ["name"] = name };
}

/// <summary>Inputs of an initializer in addition to the network.</summary>
public sealed record InitializerSetting
{
    /// <summary>The preceding block of the stage.</summary>
    public required GrowthBlock Before { get; init; }

    /// <summary>Training samples.</summary>
    public required Dataset Train { get; init; }

    /// <summary>Held-out samples.</summary>
    public required Dataset Validation { get; init; }

    /// <summary>Training options of the growth.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Training accuracy of the last epoch, 0 to 1.</summary>
    public required double TrainAccuracy { get; init; }

    /// <summary>Random stream of this block.</summary>
    public required RandomStream Stream { get; init; }

    /// <summary>Returns the first batch of the training samples in a separately shuffled order.</summary>
    internal Batch FirstBatch() =>
        new DataLoader(Train, new DataLoaderOptions
        {
            BatchSize = Math.Min(Training.BatchSize, Train.Count), Shuffles = true,
        }, Stream.Split("batch")).Epoch(0).First();
}
