using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The operator of a node: attributes, shapes, parameters and cost of one kind of layer, and the tensor operations that
/// carry it out. Axis 0 of a batched value is the batch; an operator leaves it alone.
/// </summary>
/// <remarks>
/// A new operator is one file and one row in <see cref="OperatorRegistry"/>; docs/how-to-add-an-operator.md shows it.
/// </remarks>
public abstract record Operator
{
    /// <summary>The standard name: that of ONNX where ONNX has the operator.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether gradients flow through it.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Smallest and largest number of inputs.</summary>
    public virtual (int Min, int Max) InputCount => (1, 1);

    /// <summary>Prefix of automatic node names; a number is appended.</summary>
    internal virtual string DefaultName => Kind.ToLowerInvariant();

    /// <summary>The shape of the result.</summary>
    /// <param name="inputs">Shapes of the inputs, batch axis first.</param>
    /// <param name="node">Name of the node, for the error's text.</param>
    /// <exception cref="ShapeMismatchException">
    /// The inputs do not fit; the error names the node and the shapes.
    /// </exception>
    public abstract Shape InferShape(IReadOnlyList<Shape> inputs, string node);

    /// <summary>The parameters that such a node has, in their fixed order.</summary>
    /// <param name="inputs">Shapes of the inputs, already found to fit.</param>
    public virtual IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) => [];

    /// <summary>The buffers that such a node has, in their fixed order.</summary>
    /// <param name="inputs">Shapes of the inputs, already found to fit.</param>
    public virtual IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) => [];

    /// <summary>
    /// Multiply-accumulate operations for inputs and output of these shapes; 0 where there is next to nothing to
    /// multiply.
    /// </summary>
    /// <param name="inputs">Shapes of the inputs.</param>
    /// <param name="output">Shape of the result.</param>
    public virtual long Macs(IReadOnlyList<Shape> inputs, Shape output) => 0;

    /// <summary>
    /// Kind and attributes as plain values, from which <see cref="OperatorRegistry.Create"/> makes the operator again.
    /// </summary>
    public OperatorDescription Describe() => new(Kind, Attributes());

    /// <summary>The dtype of the result; float32 from float32 unless the operator says otherwise.</summary>
    internal virtual DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        foreach (DType type in inputs)
        {
            if (type != DType.Float32)
            {
                throw new ArgumentException(
                    $"{node}: needs float32 inputs (got {type}); put a Normalize node before it");
            }
        }

        return DType.Float32;
    }

    /// <summary>
    /// Whether each sample of the result depends on the same sample of the batched inputs alone, and on what is not
    /// batched. Asked where an input is batched and the result keeps axis 0.
    /// </summary>
    /// <param name="inputs">What is known of the inputs.</param>
    /// <param name="output">Shape of the result for a batch of one.</param>
    internal virtual bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => true;

    /// <summary>
    /// What it does to channels: says which axes of inputs, parameters and result change together. Nothing may change
    /// unless the operator says so.
    /// </summary>
    /// <returns>The axes of the result.</returns>
    internal virtual AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Opaque();

    /// <summary>The operator for other numbers of channels, as it has said that they change.</summary>
    internal virtual Operator WithChannels(ChannelChange change) => this;

    /// <summary>Computes the result with tensor operations, which a tape can follow.</summary>
    internal abstract Tensor Forward(in NodeContext context);

    /// <summary>The attributes as plain values.</summary>
    private protected virtual OperatorAttributes Attributes() => OperatorAttributes.Empty;
}

/// <summary>A parameter that an operator has.</summary>
/// <param name="Name">What is put behind the node's name: <c>weight</c>, <c>bias</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Initializer">Its initial values.</param>
/// <param name="Fan">The layer's number of inputs and outputs, which some initializers scale by.</param>
public sealed record ParameterSpec(string Name, Shape Shape, ParameterRole Role, Initializer Initializer, Fan Fan)
{
    /// <summary>The weight and, if wanted, the bias <c>[outputs]</c> of a layer that sums products.</summary>
    internal static ParameterSpec[] WeightAndBias(
        Shape weight, int outputs, bool hasBias, ParameterRole role, Initializer? initializer)
    {
        Fan fan = Fan.Of(weight);
        var spec = new ParameterSpec("weight", weight, role, initializer ?? new PyTorchDefault(), fan);
        Shape bias = [outputs];
        Initializer biasStart = initializer is null ? new PyTorchDefault() : new Constant(0);
        return hasBias
            ? [spec, new ParameterSpec("bias", bias, ParameterRole.Bias, biasStart, fan with { Shape = bias })]
            : [spec];
    }

    /// <summary>The scale and shift of a normalization, which start at one and zero.</summary>
    internal static ParameterSpec[] ScaleAndShift(Shape shape)
    {
        var fan = new Fan(shape, 1, 1);
        return
        [
            new ParameterSpec("weight", shape, ParameterRole.NormScale, new Constant(1), fan),
            new ParameterSpec("bias", shape, ParameterRole.NormShift, new Constant(0), fan),
        ];
    }
}

/// <summary>A buffer that an operator has: state that training gathers without gradients.</summary>
/// <param name="Name">What is put behind the node's name: <c>running_mean</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="DType">Float32 for statistics, int64 for counts, any for a constant.</param>
/// <param name="Start">Value of every element at first.</param>
public sealed record BufferSpec(string Name, Shape Shape, DType DType, float Start)
{
    internal Tensor Create() => Tensor.Full(Shape, Start).To(DType);
}

/// <summary>What a node works on during one pass.</summary>
internal readonly ref struct NodeContext
{
    /// <summary>The node itself.</summary>
    internal required Node Node { get; init; }

    /// <summary>Values of its inputs.</summary>
    internal required ReadOnlySpan<Tensor> Inputs { get; init; }

    /// <summary>Its parameters, in the order of the specs.</summary>
    internal required ReadOnlySpan<Tensor> Parameters { get; init; }

    /// <summary>Its buffers, in the order of the specs.</summary>
    internal required ReadOnlySpan<Tensor> Buffers { get; init; }

    /// <summary>Training or evaluation.</summary>
    internal required Pass Pass { get; init; }

    /// <summary>The first input.</summary>
    internal Tensor X => Inputs[0];
}
