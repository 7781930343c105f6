using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Fully connected layer over the last axis, with parameters <c>weight</c> <c>[O, I]</c> and <c>bias</c> <c>[O]</c>.
/// </summary>
/// <param name="Features">O, the number of output features.</param>
public sealed record Linear(int Features) : Operator
{
    /// <summary>True (default) if a bias is added.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>
    /// True if the weight is rounded before use to int8 (-128 to 127) times the buffer <c>weight_scale</c> <c>[O]</c>.
    /// Gradients are passed straight through the rounding. Default: false.
    /// </summary>
    public bool HasInt8Weight { get; init; }

    /// <summary>
    /// Name of the weight's initializer, one of <see cref="Initializer.KnownNames"/>; null: PyTorch's default.
    /// </summary>
    public string? Initializer { get; init; }

    /// <inheritdoc/>
    public override string Kind => "Gemm";

    internal override string DefaultName => "fc";

    /// <inheritdoc/>
    public override Shape InferShape(IReadOnlyList<Shape> inputs, string node)
    {
        if (Features < 1)
        {
            throw new ArgumentException($"{node}: the number of features must be at least 1 (got {Features})");
        }

        if (inputs[0].Rank >= 2 && (long)Features * inputs[0][-1] > int.MaxValue)
        {
            throw new ArgumentException($"{node}: the weight is too large (got [{Features}, {inputs[0][-1]}] = "
                + $"{(long)Features * inputs[0][-1]} elements, expected at most {int.MaxValue}); use fewer features");
        }

        return inputs[0].Rank >= 2
            ? inputs[0].With(-1, Features)
            : throw new ShapeMismatchException(node, inputs[0], "[N, ..., I]");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) =>
        ParameterSpec.WeightAndBias(
        [Features, inputs[0][-1]],
        Features,
        HasBias,
        ParameterRole.LinearWeight,
        Initializer is null ? null : Networks.Initializer.ByName(Initializer));

    /// <inheritdoc/>
    public override IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) =>
        Int8Weight.Buffers(HasInt8Weight, Features);

    /// <inheritdoc/>
    public override long Macs(IReadOnlyList<Shape> inputs, Shape output) => (long)output.Count * inputs[0][-1];

    internal static Linear From(OperatorAttributes attributes) => new(attributes.Positive("features"))
    {
        HasBias = attributes.Int("bias", 1) != 0,
        HasInt8Weight = attributes.Int(Int8Weight.Attribute, 0) != 0,
        Initializer = attributes.Text("initializer"),
    };

    internal override AxisChannels[] TraceChannels(ChannelTrace trace)
    {
        AxisChannels[] axes = trace.Keep();
        trace.Parameter(0, 1, axes[^1]);
        axes[^1] = trace.Make(Features);
        trace.Parameter(0, 0, axes[^1]);
        if (HasBias)
        {
            trace.Parameter(1, 0, axes[^1]);
        }

        if (HasInt8Weight)
        {
            trace.Buffer(0, 0, axes[^1]);
        }

        return axes;
    }

    internal override Operator WithChannels(ChannelChange change) => this with { Features = change.Output[-1] };

    internal override Tensor Forward(in NodeContext context) =>
        context.X.Linear(
            HasInt8Weight ? Int8Weight.Rounded(context.Parameters[0], context.Buffers[0]) : context.Parameters[0],
            HasBias ? context.Parameters[1] : null);

    private protected override OperatorAttributes Attributes()
    {
        OperatorAttributes attributes =
            OperatorAttributes.Empty.With("features", Features).With("bias", HasBias).With("transB", 1);
        attributes = HasInt8Weight ? attributes.With(Int8Weight.Attribute, true) : attributes;
        return Initializer is null ? attributes : attributes.With("initializer", Initializer);
    }
}

public sealed partial class Value
{
    /// <summary>Adds a fully connected layer.</summary>
    /// <param name="features">Number of output features.</param>
    /// <param name="bias">True if a bias is added.</param>
    /// <param name="name">Name of the node; null: <c>fc1</c>, <c>fc2</c>, ...</param>
    /// <returns><c>[N, ..., features]</c>.</returns>
    public Value Linear(int features, bool bias = true, string? name = null) =>
        Apply(new Linear(features) { HasBias = bias }, name);
}
