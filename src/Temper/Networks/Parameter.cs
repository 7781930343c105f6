using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A named tensor that training may change. Immutable: edits create a new parameter in a new network.
/// </summary>
public sealed record Parameter
{
    /// <summary>
    /// Dotted lower-case name as in PyTorch, for example <c>layer1.0.conv1.weight</c>; unique within the network.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The values, float32.</summary>
    public required Tensor Value { get; init; }

    /// <summary>Purpose of the parameter. Default: <see cref="ParameterRole.Other"/>.</summary>
    public ParameterRole Role { get; init; } = ParameterRole.Other;

    /// <summary>True (default) if optimizers may change the parameter; false: it is frozen.</summary>
    public bool IsTrainable { get; init; } = true;

    /// <summary>
    /// Pruning mask: float32 in the shape of the value. Where it is 0, the value is 0 and stays 0 in training;
    /// elsewhere it is 1. Null: nothing is masked.
    /// </summary>
    public Tensor? Mask { get; init; }

    /// <summary>Returns name and shape, and whether the parameter is frozen or masked.</summary>
    public override string ToString() =>
        $"{Name} {Value.Shape}{(IsTrainable ? "" : " frozen")}{(Mask is null ? "" : " masked")}";
}

/// <summary>Purpose of a parameter. Weight decay, pruning and initialization depend on it.</summary>
public enum ParameterRole
{
    /// <summary>Any other purpose.</summary>
    Other,

    /// <summary>Kernel of a convolution, <c>[O, I / groups, KH, KW]</c>.</summary>
    ConvolutionWeight,

    /// <summary>Weight matrix of a fully connected layer, <c>[O, I]</c>.</summary>
    LinearWeight,

    /// <summary>Bias of a layer: one value added per output channel.</summary>
    Bias,

    /// <summary>Scale of a normalization.</summary>
    NormScale,

    /// <summary>Shift of a normalization.</summary>
    NormShift,
}

/// <summary>Extension methods of <see cref="ParameterRole"/>.</summary>
internal static class ParameterRoles
{
    /// <summary>True for the weight of a convolution or of a fully connected layer.</summary>
    internal static bool IsLayerWeight(this ParameterRole role) =>
        role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight;
}
