using System.Text.Json.Nodes;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Growth.Initializers;

/// <summary>
/// Network Morphism: scale and shift of the last normalization are 0, so that the network's outputs keep their bits.
/// </summary>
public sealed record ZeroInit : BlockInitializer
{
    /// <inheritdoc/>
    public override string Name => "zero";

    /// <inheritdoc/>
    public override bool NeedsShortcut => true;

    /// <inheritdoc/>
    public override Network Initialize(Network network, GrowthBlock block, InitializerSetting setting) =>
        WithLast(network, block, parameter => Tensor.Zeros(parameter.Value.Shape));

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);
}

/// <summary>
/// Scale and shift of the last normalization are uniform. The paper says a deviation of 1, its code 0 to 1, the default
/// here.
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

/// <summary>Scale and shift of the last normalization are normal: the paper's best, and its default.</summary>
public sealed record GauInit : BlockInitializer
{
    /// <summary>Standard deviation of both.</summary>
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

/// <summary>No special treatment: what the layers draw. The paper's choice for plain networks.</summary>
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
/// A copy of the block before it whose last normalization is 0: the outputs keep their bits, and the inner layers start
/// trained.
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
        // The first block of a stage may have another shape, or a shortcut with weights: what does not fit stays as it
        // was drawn.
        IReadOnlyList<Parameter> before = setting.Before.ParametersIn(network), own = block.ParametersIn(network);
        Network copied =
            network.WithParameters(own.Zip(before).Where(pair => pair.First.Value.Shape.Equals(pair.Second.Value.Shape))
            .Select(pair => pair.First with { Value = pair.Second.Value }));
        return WithLast(copied, block, parameter => Tensor.Zeros(parameter.Value.Shape));
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Named(Name);
}
