using System.Text.Json.Nodes;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Growth.Initializers;

/// <summary>
/// Network Morphism: sets scale and shift of the last normalization to 0, so that the network's outputs are
/// bit-identical to before.
/// </summary>
public sealed record ZeroInit : BlockInitializer
{
    /// <inheritdoc/>
    public override string Name => "zero";

    /// <inheritdoc/>
    public override bool NeedsShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting) =>
        Silenced(network, block);

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);
}

/// <summary>
/// Draws scale and shift of the last normalization from a uniform distribution. The default is the range 0 to 1 of the
/// paper's code; the paper states a standard deviation of 1.
/// </summary>
public sealed record UniInit : BlockInitializer
{
    /// <summary>Lower bound.</summary>
    public float Low { get; init; }

    /// <summary>Upper bound.</summary>
    public float High { get; init; } = 1;

    /// <inheritdoc/>
    public override string Name => "uniform";

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting) =>
        WithLast(network, block, parameter =>
    {
        float[] values = new float[parameter.Value.Count];
        setting.Stream.Split(parameter.Name).FillUniform(values, Low, High);
        return Tensor.From(values, parameter.Value.Shape);
    });

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject { ["name"] = Name, ["low"] = Low, ["high"] = High };
}

/// <summary>
/// Draws scale and shift of the last normalization from a normal distribution. The paper found it best and uses it by
/// default.
/// </summary>
public sealed record GauInit : BlockInitializer
{
    /// <summary>Standard deviation of scale and shift.</summary>
    public float Deviation { get; init; } = 1;

    /// <inheritdoc/>
    public override string Name => "gaussian";

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting) =>
        WithLast(network, block, parameter =>
    {
        float[] values = new float[parameter.Value.Count];
        setting.Stream.Split(parameter.Name).FillGaussian(values, 0, Deviation);
        return Tensor.From(values, parameter.Value.Shape);
    });

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject { ["name"] = Name, ["deviation"] = Deviation };
}

/// <summary>Keeps the values drawn by the layers' own initializers. The paper's choice for plain networks.</summary>
public sealed record DefaultInit : BlockInitializer
{
    /// <inheritdoc/>
    public override string Name => "default";

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting) => network;

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);
}

/// <summary>
/// Copies the preceding block and sets scale and shift of the last normalization to 0. The network's outputs are
/// bit-identical to before, and the inner layers start with trained weights.
/// </summary>
public sealed record CopyInit : BlockInitializer
{
    /// <inheritdoc/>
    public override string Name => "copy";

    /// <inheritdoc/>
    public override bool NeedsShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting)
    {
        // The first block of a stage may have other shapes or a shortcut with weights; parameters of other shapes keep
        // their drawn values.
        IReadOnlyList<Parameter> before = setting.Before.ParametersIn(network), own = block.ParametersIn(network);
        Network copied =
            network.WithParameters(own.Zip(before).Where(pair => pair.First.Value.Shape.Equals(pair.Second.Value.Shape))
            .Select(pair => pair.First with { Value = pair.Second.Value }));
        return Silenced(copied, block);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);
}
