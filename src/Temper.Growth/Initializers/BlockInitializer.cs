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
/// How a new block starts. Its layers are drawn by their own initializers first; this changes the block's numbers, and
/// no others.
/// </summary>
public abstract record BlockInitializer : IFingerprinted
{
    private static readonly BlockInitializer[] All =
        [
            new ZeroInit(), new AdamInit(), new UniInit(), new GauInit(), new DefaultInit(), new CopyInit(),
            new IdentityInit(), new GradMaxInit(),
        ];

    /// <summary>The names that <see cref="ByName"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = Array.ConvertAll(All, initializer => initializer.Name);

    /// <summary>Name for files and the command line.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether it is for residual blocks only: it makes the branch silent, which would silence a plain network.
    /// </summary>
    public virtual bool NeedsShortcut => false;

    /// <summary>Whether it is for plain blocks only.</summary>
    public virtual bool RefusesShortcut => false;

    /// <summary>The initializer with a name, its numbers at their defaults.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">None has this name.</exception>
    public static BlockInitializer ByName(string name) =>
        Array.Find(All, initializer => string.Equals(initializer.Name, name, StringComparison.Ordinal))
        ?? throw new ArgumentException($"BlockInitializer: no such initializer (got '{name}', expected one of "
            + $"{string.Join(", ", Names)})", nameof(name));

    /// <summary>Gives a new block its first numbers.</summary>
    /// <param name="network">The network with the block, whose layers have been drawn; not changed.</param>
    /// <param name="block">The new block.</param>
    /// <param name="setting">Where the block stands, data and random numbers.</param>
    /// <returns>A network that differs in the block's parameters and buffers only.</returns>
    public abstract Network Initialize(Network network, GrowthBlock block, InitializerSetting setting);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>
    /// The network with other numbers in the block's last normalization; where it has none, in its last layer.
    /// </summary>
    private protected static Network WithLast(Network network, GrowthBlock block, Func<Parameter, Tensor> value)
    {
        Node last = block.LastNorm(network) ?? block.LastLayer(network);
        return network.WithParameters(
            last.Parameters.Select(name => network.Parameters[name] with { Value = value(network.Parameters[name]) }));
    }

    private protected static JsonObject Named(string name) => new() { ["name"] = name };
}

/// <summary>What an initializer is given beside the network.</summary>
public sealed record InitializerSetting
{
    /// <summary>The block before the new one in its stage.</summary>
    public required GrowthBlock Before { get; init; }

    /// <summary>Training samples.</summary>
    public required Dataset Train { get; init; }

    /// <summary>Held-out samples.</summary>
    public required Dataset Validation { get; init; }

    /// <summary>How the network is trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Training accuracy of the last epoch, 0 to 1.</summary>
    public required double TrainAccuracy { get; init; }

    /// <summary>Random numbers of this block.</summary>
    public required RandomStream Stream { get; init; }

    /// <summary>The first batch of the training samples, in an order of its own.</summary>
    internal Batch FirstBatch() =>
        new DataLoader(Train, new DataLoaderOptions
        {
            BatchSize = Math.Min(Training.BatchSize, Train.Count), Shuffles = true,
        }, Stream.Split("batch")).Epoch(0).First();
}
