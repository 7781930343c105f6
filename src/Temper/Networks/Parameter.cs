using Temper.Tensors;

namespace Temper.Networks;

/// <summary>A named tensor that training changes. Immutable: an edit is a new parameter in a new network.</summary>
public sealed record Parameter
{
    /// <summary>
    /// PyTorch's dotted lower-case name, for example <c>layer1.0.conv1.weight</c>; unique in its network.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The values, float32.</summary>
    public required Tensor Value { get; init; }

    /// <summary>What the numbers are for.</summary>
    public ParameterRole Role { get; init; } = ParameterRole.Other;

    /// <summary>Whether an optimizer may change it; true unless said otherwise.</summary>
    public bool IsTrainable { get; init; } = true;

    /// <summary>
    /// Where it is 0 the value is 0 and stays 0 in training; elsewhere 1. Float32 of the value's shape; null: nothing
    /// is masked.
    /// </summary>
    public Tensor? Mask { get; init; }

    /// <summary>Name, shape, and what is special about it.</summary>
    public override string ToString() =>
        $"{Name} {Value.Shape}{(IsTrainable ? "" : " frozen")}{(Mask is null ? "" : " masked")}";
}

/// <summary>
/// What a parameter's numbers are for: rules such as weight decay, pruning and initialization go by it.
/// </summary>
public enum ParameterRole
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>Kernel of a convolution, <c>[O, I / groups, KH, KW]</c>.</summary>
    ConvolutionWeight,

    /// <summary>Matrix of a fully connected layer, <c>[O, I]</c>.</summary>
    LinearWeight,

    /// <summary>What a layer adds to each output channel.</summary>
    Bias,

    /// <summary>Scale of a normalization.</summary>
    NormScale,

    /// <summary>Shift of a normalization.</summary>
    NormShift,
}

/// <summary>Questions about roles.</summary>
internal static class ParameterRoles
{
    /// <summary>Whether it is the weight of a convolution or of a fully connected layer.</summary>
    internal static bool IsLayerWeight(this ParameterRole role) =>
        role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight;
}
