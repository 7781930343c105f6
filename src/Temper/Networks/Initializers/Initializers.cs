using Temper.Randomness;

namespace Temper.Networks;

/// <summary>Sets every element to one value; the names <c>zero</c> and <c>one</c> are this with 0 and 1.</summary>
/// <param name="Value">The value.</param>
public sealed record Constant(float Value) : Initializer
{
    /// <inheritdoc/>
    public override string Name => Value switch { 0 => "zero", 1 => "one", _ => $"constant({Value})" };

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) => values.Fill(Value);
}

/// <summary>Uniform between two values.</summary>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value.</param>
public sealed record Uniform(float Low, float High) : Initializer
{
    /// <inheritdoc/>
    public override string Name => "uniform";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillUniform(values, Low, High);
}

/// <summary>Normal around zero.</summary>
/// <param name="Deviation">Standard deviation.</param>
public sealed record Normal(float Deviation) : Initializer
{
    /// <inheritdoc/>
    public override string Name => "normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, Deviation);
}

/// <summary>
/// PyTorch's own start of convolutions and linear layers: U(-b, b), b = 1 / √in, for weight and bias.
/// </summary>
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

/// <summary>He's start for ReLU (arXiv:1502.01852, eq. 10): U(-b, b), b = √(6 / in).</summary>
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

/// <summary>He's start for ReLU (arXiv:1502.01852, eq. 10): N(0, 2 / in).</summary>
public sealed record KaimingNormal : Initializer
{
    /// <inheritdoc/>
    public override string Name => "kaiming-normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, MathF.Sqrt(2f / Math.Max(fan.In, 1)));
}

/// <summary>Glorot's start: U(-b, b), b = √(6 / (in + out)) (AISTATS 2010, eq. 16).</summary>
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

/// <summary>Glorot's start: N(0, 2 / (in + out)) (AISTATS 2010, eq. 12).</summary>
public sealed record XavierNormal : Initializer
{
    /// <inheritdoc/>
    public override string Name => "xavier-normal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream) =>
        stream.FillGaussian(values, 0, MathF.Sqrt(2f / Math.Max(fan.In + fan.Out, 1)));
}
