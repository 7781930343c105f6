using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The operator of a node: defines the attributes, shapes, parameters and cost of one kind of layer, and computes it
/// with tensor operations. Axis 0 of a batched value is the batch; an operator does not change it.
/// </summary>
/// <remarks>
/// To add an operator, write one file and one row in <see cref="OperatorRegistry"/>; see
/// docs/how-to-add-an-operator.md.
/// </remarks>
public abstract record Operator
{
    /// <summary>The standard name: the ONNX name if ONNX has the operator.</summary>
    public abstract string Kind { get; }

    /// <summary>True (default) if gradients flow through the operator.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Minimum and maximum number of inputs; 1 and 1 by default.</summary>
    public virtual (int Min, int Max) InputCount => (1, 1);

    /// <summary>Prefix of automatic node names, followed by a number.</summary>
    internal virtual string DefaultName => Kind.ToLowerInvariant();

    /// <summary>Infers the shape of the result.</summary>
    /// <param name="inputs">Shapes of the inputs, batch axis first.</param>
    /// <param name="node">Name of the node, for error messages.</param>
    /// <exception cref="ShapeMismatchException">
    /// The input shapes are invalid; the message contains the node and the shapes.
    /// </exception>
    public abstract Shape InferShape(IReadOnlyList<Shape> inputs, string node);

    /// <summary>Returns the parameters of a node with this operator, in a fixed order.</summary>
    /// <param name="inputs">Shapes of the inputs, already checked.</param>
    public virtual IReadOnlyList<ParameterSpec> ParameterSpecs(IReadOnlyList<Shape> inputs) => [];

    /// <summary>Returns the buffers of a node with this operator, in a fixed order.</summary>
    /// <param name="inputs">Shapes of the inputs, already checked.</param>
    public virtual IReadOnlyList<BufferSpec> BufferSpecs(IReadOnlyList<Shape> inputs) => [];

    /// <summary>
    /// Counts the multiply-accumulates for the given shapes. 0 for operators with no or few multiplications.
    /// </summary>
    /// <param name="inputs">Shapes of the inputs.</param>
    /// <param name="output">Shape of the result.</param>
    public virtual long Macs(IReadOnlyList<Shape> inputs, Shape output) => 0;

    /// <summary>
    /// Returns kind and attributes as plain values, from which <see cref="OperatorRegistry.Create"/> recreates the
    /// operator.
    /// </summary>
    public OperatorDescription Describe() => new(Kind, Attributes());

    /// <summary>Infers the dtype of the result. By default all inputs must be float32, and so is the result.</summary>
    internal virtual DType InferDType(IReadOnlyList<DType> inputs, string node)
    {
        foreach (DType type in inputs)
        {
            if (type != DType.Float32)
            {
                throw new ArgumentException(
                    $"{node}: wrong input dtype (got {type}, expected Float32); insert a Normalize node in front of "
                    + "it");
            }
        }

        return DType.Float32;
    }

    /// <summary>
    /// True if each sample of the result depends only on the same sample of the batched inputs and on inputs that are
    /// not batched. Called only if an input is batched and the result keeps axis 0.
    /// </summary>
    /// <param name="inputs">Shape, dtype and batch axis of the inputs.</param>
    /// <param name="output">Shape of the result for a batch of one.</param>
    internal virtual bool KeepsSamplesApart(IReadOnlyList<ValueInfo> inputs, Shape output) => true;

    /// <summary>
    /// Traces channels through the operator: reports which axes of inputs, parameters and result must change together.
    /// By default no channel may change.
    /// </summary>
    /// <returns>The axes of the result.</returns>
    internal virtual AxisChannels[] TraceChannels(ChannelTrace trace) => trace.Opaque();

    /// <summary>
    /// Returns the operator for other numbers of channels, as allowed by <see cref="TraceChannels"/>.
    /// </summary>
    internal virtual Operator WithChannels(ChannelChange change) => this;

    /// <summary>Computes the result with tensor operations, which a tape can record.</summary>
    internal abstract Tensor Forward(in NodeContext context);

    /// <summary>Returns the attributes as plain values.</summary>
    private protected virtual OperatorAttributes Attributes() => OperatorAttributes.Empty;
}

/// <summary>Describes one parameter of an operator.</summary>
/// <param name="Name">Name without the prefix "node name and dot", such as <c>weight</c> or <c>bias</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Role">Purpose of the parameter.</param>
/// <param name="Initializer">Its initial values.</param>
/// <param name="Fan">The layer's fan-in and fan-out, used by some initializers.</param>
public sealed record ParameterSpec(string Name, Shape Shape, ParameterRole Role, Initializer Initializer, Fan Fan)
{
    /// <summary>Returns the specs of a layer's weight and, if requested, its bias <c>[outputs]</c>.</summary>
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

    /// <summary>Returns the specs of a normalization's scale, initialized to 1, and shift, initialized to 0.</summary>
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

/// <summary>
/// Describes one buffer of an operator: state that training updates without gradients, or a constant.
/// </summary>
/// <param name="Name">Name without the prefix "node name and dot", such as <c>running_mean</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="DType">Float32 for statistics, int64 for counters, any dtype for a constant.</param>
/// <param name="Start">Initial value of every element.</param>
public sealed record BufferSpec(string Name, Shape Shape, DType DType, float Start)
{
    /// <summary>
    /// Whether files may lack the buffer: checkpoints from before PyTorch 0.4.1 have no batch counter, and no result
    /// depends on it.
    /// </summary>
    internal bool IsOptional =>
        DType == DType.Int64 && Shape.Rank == 0 && string.Equals(Name, BatchNorm.Counter, StringComparison.Ordinal);

    internal Tensor Create() => Tensor.Full(Shape, Start).To(DType);
}

/// <summary>The data that an operator works on during one forward pass.</summary>
internal readonly ref struct NodeContext
{
    /// <summary>The node.</summary>
    internal required Node Node { get; init; }

    /// <summary>Values of the inputs.</summary>
    internal required ReadOnlySpan<Tensor> Inputs { get; init; }

    /// <summary>The parameters, in the order of the specs.</summary>
    internal required ReadOnlySpan<Tensor> Parameters { get; init; }

    /// <summary>The buffers, in the order of the specs.</summary>
    internal required ReadOnlySpan<Tensor> Buffers { get; init; }

    /// <summary>The pass: training or evaluation.</summary>
    internal required Pass Pass { get; init; }

    /// <summary>The first input.</summary>
    internal Tensor X => Inputs[0];
}
