using System.Globalization;
using Temper.Randomness;

namespace Temper.Networks;

/// <summary>Sets every element to one value. <c>zero</c> and <c>one</c> are the names for the values 0 and 1.</summary>
/// <param name="Value">The value.</param>
public sealed record Constant(float Value) : Initializer
{
    /// <inheritdoc/>
    public override string Name => Value switch
    {
        0 => "zero",
        1 => "one",
        _ => string.Create(CultureInfo.InvariantCulture, $"constant({Value})"),
    };

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) => values.Fill(Value);
}

/// <summary>Uniform distribution.</summary>
/// <param name="Low">Lower bound.</param>
/// <param name="High">Upper bound.</param>
public sealed record Uniform(float Low, float High) : Initializer
{
    /// <inheritdoc/>
    public override string Name => "uniform";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillUniform(values, Low, High);
}

/// <summary>Normal distribution with mean zero.</summary>
/// <param name="Deviation">Standard deviation.</param>
public sealed record Normal(float Deviation) : Initializer
{
    /// <inheritdoc/>
    public override string Name => "normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, Deviation);
}

/// <summary>PyTorch's default for convolutions and linear layers, weight and bias: U(-b, b) with b = 1 / √in.</summary>
public sealed record PyTorchDefault : Initializer
{
    /// <inheritdoc/>
    public override string Name => "pytorch";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream)
    {
        float bound = 1 / MathF.Sqrt(Math.Max(fan.In, 1));
        stream.FillUniform(values, -bound, bound);
    }
}

/// <summary>He initialization for ReLU (arXiv:1502.01852, eq. 10), uniform: U(-b, b) with b = √(6 / in).</summary>
public sealed record KaimingUniform : Initializer
{
    /// <inheritdoc/>
    public override string Name => "kaiming-uniform";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream)
    {
        float bound = MathF.Sqrt(6f / Math.Max(fan.In, 1));
        stream.FillUniform(values, -bound, bound);
    }
}

/// <summary>He initialization for ReLU (arXiv:1502.01852, eq. 10), normal: N(0, 2 / in).</summary>
public sealed record KaimingNormal : Initializer
{
    /// <inheritdoc/>
    public override string Name => "kaiming-normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, MathF.Sqrt(2f / Math.Max(fan.In, 1)));
}

/// <summary>Glorot initialization, uniform: U(-b, b) with b = √(6 / (in + out)) (AISTATS 2010, eq. 16).</summary>
public sealed record XavierUniform : Initializer
{
    /// <inheritdoc/>
    public override string Name => "xavier-uniform";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream)
    {
        float bound = MathF.Sqrt(6f / Math.Max(fan.In + fan.Out, 1));
        stream.FillUniform(values, -bound, bound);
    }
}

/// <summary>Glorot initialization, normal: N(0, 2 / (in + out)) (AISTATS 2010, eq. 12).</summary>
public sealed record XavierNormal : Initializer
{
    /// <inheritdoc/>
    public override string Name => "xavier-normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, MathF.Sqrt(2f / Math.Max(fan.In + fan.Out, 1)));
}
