using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A node, or some that became one, as the compiler sees it: what is computed, not yet how.</summary>
internal abstract record Layer
{
    /// <summary>The name of its first node.</summary>
    internal required string Name { get; init; }

    /// <summary>Numbers of the values it takes.</summary>
    internal required IReadOnlyList<int> Inputs { get; init; }

    /// <summary>Number of the value it makes.</summary>
    internal required int Output { get; init; }

    /// <summary>What it is, in a word for the plan.</summary>
    internal abstract string Kind { get; }

    /// <summary>Multiplications for a batch of one, zeros counted.</summary>
    internal virtual long Macs => 0;

    /// <summary>Its weights, if it has any.</summary>
    internal virtual Tensor? Weights => null;
}

/// <summary>A convolution with its bias, and an addition (the second input) and ReLU behind it.</summary>
internal sealed record ConvolutionLayer : Layer
{
    /// <summary>Sizes for a batch of one.</summary>
    internal required ConvolutionGeometry Geometry { get; init; }

    internal required Tensor Weight { get; init; }

    internal Tensor? Bias { get; init; }

    internal bool Relu { get; init; }

    internal override string Kind => $"conv {Geometry.KernelHeight}x{Geometry.KernelWidth}";

    internal override long Macs => Geometry.OutCount / Math.Max(Geometry.Batch, 1) * Geometry.GroupInputs * Geometry.Taps;

    internal override Tensor Weights => Weight;
}

/// <summary>A fully connected layer with its bias, and ReLU behind it.</summary>
internal sealed record LinearLayer : Layer
{
    /// <summary><c>[O, I]</c>.</summary>
    internal required Tensor Weight { get; init; }

    internal Tensor? Bias { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Where its input is an image that was flattened: channels and pixels of the image, else 0.</summary>
    internal (int Channels, int Pixels) Image { get; init; }

    /// <summary>Rows of the input for one sample.</summary>
    internal required int Rows { get; init; }

    internal int Outputs => Weight.Shape[0];

    internal int Features => Weight.Shape[1];

    internal override string Kind => "linear";

    internal override long Macs => (long)Rows * Outputs * Features;

    internal override Tensor Weights => Weight;
}

/// <summary>A maximum or average of windows.</summary>
internal sealed record PoolingLayer : Layer
{
    /// <summary>Sizes for a batch of one.</summary>
    internal required PoolingSizes Sizes { get; init; }

    internal required bool IsMaximum { get; init; }

    internal override string Kind => IsMaximum ? "max pool" : "average pool";
}

/// <summary><c>gain x + offset</c>, an addition (the second input) and ReLU behind it.</summary>
/// <remarks>
/// Of an image with a gain for each channel, <see cref="IsPerChannel"/> is true. Otherwise there are P gains for the elements in row-major
/// order, element i taking that of i mod P: one for all, one for each feature of a row, one for each element of a sample.
/// </remarks>
internal sealed record ChannelAffineLayer : Layer
{
    /// <summary><c>[P]</c>.</summary>
    internal required Tensor Gain { get; init; }

    /// <summary><c>[P]</c>.</summary>
    internal required Tensor Offset { get; init; }

    /// <summary>Whether gains belong to axis 1 of <c>[N, C, H, W]</c>.</summary>
    internal bool IsPerChannel { get; init; }

    /// <summary>For each channel of an image the channel that it is made of; empty: itself. Then nothing is added, and no ReLU follows.</summary>
    internal IReadOnlyList<int> Order { get; init; } = [];

    internal bool Relu { get; init; }

    internal override string Kind => "scale";
}

/// <summary>The sum of two values, or one value, and ReLU behind it.</summary>
internal sealed record SumLayer : Layer
{
    internal bool Relu { get; init; }

    internal override string Kind => Inputs.Count > 1 ? "add" : "relu";
}

/// <summary>Channels of zeros before and behind those of an image.</summary>
internal sealed record PadChannelsLayer : Layer
{
    internal required int Before { get; init; }

    internal required int After { get; init; }

    internal override string Kind => "pad";
}

/// <summary>The same elements under another shape.</summary>
internal sealed record ReshapeLayer : Layer
{
    internal override string Kind => "reshape";
}

/// <summary>Anything else: the network's own operator.</summary>
internal sealed record OperatorLayer : Layer
{
    internal required PlanStep Step { get; init; }

    internal required string Operator { get; init; }

    internal override string Kind => Operator;
}
