using System.Collections.ObjectModel;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A neural network: a graph of operators with named parameters and buffers. Immutable; edits return a new network that
/// shares unchanged tensors with this one.
/// </summary>
/// <remarks>
/// Axis 0 of every value computed from a batched input is the batch. Its length is free, and each sample is computed
/// independently of the others. Forward passes may run on several threads at the same time. Training works on a
/// <see cref="Copy"/>, whose tensors only the trainer writes.
/// </remarks>
/// <example><code>
/// Network lenet = Network.Build(InputSpec.Image(channels: 1, height: 28, width: 28, min: 0, max: 1), x => x
///     .Conv2d(20, kernel: 5).MaxPool2d(2)
///     .Conv2d(50, kernel: 5).MaxPool2d(2)
///     .Flatten().Linear(500).Relu().Linear(10));
/// </code></example>
public sealed partial class Network
{
    internal Network(
        NetworkGraph graph, IEnumerable<Parameter> parameters, IEnumerable<KeyValuePair<string, Tensor>> buffers)
    {
        Graph = graph;
        Parameters = new ParameterMap(parameters.Select(Owned));
        ParameterValues = [.. Parameters.Select(parameter => parameter.Value)];
        Buffers = new ReadOnlyDictionary<string, Tensor>(new OrderedDictionary<string, Tensor>(
            buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Owned())), StringComparer.Ordinal));
        BufferValues = [.. Buffers.Values];
        FoldedNorms = new FoldedNorm?[graph.Nodes.Count];
    }

    /// <summary>The inputs, in order.</summary>
    public IReadOnlyList<InputSpec> Inputs => Graph.Inputs;

    /// <summary>The outputs, in order.</summary>
    public IReadOnlyList<NetworkOutput> Outputs => Graph.Outputs;

    /// <summary>The nodes, in topological order.</summary>
    public IReadOnlyList<Node> Nodes => Graph.Nodes;

    /// <summary>The parameters, in order of first use; a parameter shared by several nodes is listed once.</summary>
    public ParameterMap Parameters { get; }

    /// <summary>
    /// The buffers by full name, in order of first use: running statistics of batch normalization and constants.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Buffers { get; }

    /// <summary>Class names of a classifier; empty if unknown.</summary>
    public IReadOnlyList<string> ClassNames { get; private init; } = [];

    /// <summary>Additional texts saved with the network, such as its origin and license.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private init; } =
        ReadOnlyDictionary<string, string>.Empty;

    internal NetworkGraph Graph { get; }

    /// <summary>The parameter values in order, for execution plans.</summary>
    internal Tensor[] ParameterValues { get; }

    /// <summary>The buffer values in order, for execution plans.</summary>
    internal Tensor[] BufferValues { get; }

    /// <summary>
    /// Cache of weights with their batch normalization folded in, by node index of the normalization; filled on first
    /// use.
    /// </summary>
    internal FoldedNorm?[] FoldedNorms { get; }

    /// <summary>Builds a network with one input and one output, which is named <c>output</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="body">Adds the layers: computes the output value from the input value.</param>
    /// <returns>The network with zero weights: call <see cref="Initialize"/> or load weights before use.</returns>
    /// <exception cref="ShapeMismatchException">Shapes do not match; the message contains the node.</exception>
    /// <exception cref="ArgumentException">A name, dtype or attribute is invalid.</exception>
    public static Network Build(InputSpec input, Func<Value, Value> body)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(body);
        return Build([input], values => [("output", body(values[0]))]);
    }

    /// <summary>Builds a network with several inputs or outputs.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="body">Adds the layers: computes the named outputs from the input values.</param>
    /// <inheritdoc cref="Build(InputSpec, Func{Value, Value})"/>
    public static Network Build(
        IReadOnlyList<InputSpec> inputs, Func<IReadOnlyList<Value>, IReadOnlyList<(string Name, Value Value)>> body)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(body);
        var builder = new NetworkBuilder();
        Value[] values = [.. inputs.Select(builder.Input)];
        IReadOnlyList<(string Name, Value Value)> outputs = body(values);
        if (outputs is null || outputs.Any(output => output.Value is null))
        {
            throw new ArgumentNullException(
                nameof(body), "Network.Build: the body returned null; return the value of the last layer");
        }

        return FromGraph(new NetworkGraph(
            inputs, builder.Nodes, [.. outputs.Select(output => new NetworkOutput(output.Name, output.Value.Name))]));
    }

    /// <summary>Runs the network on a batch in evaluation mode; it must have one input and one output.</summary>
    /// <param name="x">Batch <c>[N, ...]</c>: the batch axis followed by the input's sample shape.</param>
    /// <returns>The output, <c>[N, classes]</c> for a classifier.</returns>
    /// <exception cref="ShapeMismatchException">The input has the wrong shape.</exception>
    /// <exception cref="InvalidOperationException">The network has several inputs or outputs.</exception>
    public Tensor Forward(Tensor x) => Forward(x, Pass.Evaluation);

    /// <summary>Runs the network on a batch; it must have one input and one output.</summary>
    /// <param name="x">Batch <c>[N, ...]</c>: the batch axis followed by the input's sample shape.</param>
    /// <param name="pass">Evaluation or training; the network itself is not modified.</param>
    /// <inheritdoc cref="Forward(Tensor)"/>
    public Tensor Forward(Tensor x, Pass pass)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (Inputs.Count != 1 || Outputs.Count != 1)
        {
            throw new InvalidOperationException(
                $"Network.Forward: the network must have one input and one output (got {Inputs.Count} and "
                + $"{Outputs.Count}); call the overload that takes a list of inputs");
        }

        return Forward([x], pass)[0];
    }

    /// <summary>Runs the network on a batch and returns all outputs.</summary>
    /// <param name="inputs">One tensor per input, all with the same batch size.</param>
    /// <param name="pass">Evaluation or training; the network itself is not modified.</param>
    /// <returns>One tensor per output.</returns>
    /// <exception cref="ArgumentException">The number, a shape or a dtype of the inputs is wrong.</exception>
    public IReadOnlyList<Tensor> Forward(IReadOnlyList<Tensor> inputs, Pass pass)
    {
        CheckInputs(inputs);
        ArgumentNullException.ThrowIfNull(pass);
        return Graph.Plans.For(pass).Run(this, inputs, pass);
    }

    /// <summary>
    /// Returns this network with newly initialized parameters and buffers. Masks are kept, and masked elements are
    /// zero.
    /// </summary>
    /// <param name="stream">Random stream; each parameter uses the substream of its own name.</param>
    /// <param name="weights">
    /// Initializer for the weights of convolutions and linear layers; null: the initializer of each operator (PyTorch's
    /// default).
    /// </param>
    public Network Initialize(RandomStream stream, Initializer? weights = null) => With(
        Parameters.Select(parameter => Start(parameter, Graph.Parameters[parameter.Name], stream, weights)),
        Graph.Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Create())));

    /// <summary>Returns a deep copy. Its sole owner may write the parameters and buffers in place.</summary>
    public Network Copy() => With(
        Parameters.Select(
            parameter => parameter with { Value = parameter.Value.Detach(), Mask = parameter.Mask?.Detach() }),
        Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Detach())));

    /// <summary>
    /// Returns the names of buffers updated in training: running statistics. All other buffers are constants.
    /// </summary>
    internal HashSet<string> StatisticsNames() =>
        [.. Nodes.Where(node => node.Operator is BatchNorm).SelectMany(node => node.Buffers)];

    /// <summary>
    /// Returns a network that has its own memory for everything training changes: the selected parameters and the
    /// statistics of batch normalization. Everything else is shared.
    /// </summary>
    internal Network CopyOf(Func<Parameter, bool> which)
    {
        HashSet<string> statistics = StatisticsNames();
        return With(
            Parameters.Select(
                parameter => which(parameter) ? parameter with { Value = parameter.Value.Detach() } : parameter),
            Buffers.Select(entry =>
                statistics.Contains(entry.Key) ? KeyValuePair.Create(entry.Key, entry.Value.Detach()) : entry));
    }

    /// <summary>
    /// Overwrites all values with those of another network with the same graph. Only for the owner of a copy that no
    /// one else uses. Tensors shared by both networks are skipped.
    /// </summary>
    /// <returns>False, with nothing written, if the graphs or masks differ.</returns>
    internal bool TryCopyFrom(Network other)
    {
        if (Graph != other.Graph
            || Parameters.Zip(other.Parameters).Any(pair => !ReferenceEquals(pair.First.Mask, pair.Second.Mask)))
        {
            return false;
        }

        foreach ((Tensor to, Tensor from) in ParameterValues.Concat(BufferValues).Zip(
            other.ParameterValues.Concat(other.BufferValues)))
        {
            if (!ReferenceEquals(to, from))
            {
                to.CopyFrom(from);
            }
        }

        return true;
    }

    /// <summary>Creates a network from a checked graph, with zero weights and scales of one.</summary>
    internal static Network FromGraph(NetworkGraph graph) => new(
        graph,
        graph.Parameters.Select(entry => Fresh(entry.Key, entry.Value, stream: null)),
        graph.Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Create())));

    /// <summary>Copies values out of the current memory scope if needed, since a network outlives it.</summary>
    private static Parameter Owned(Parameter parameter) => parameter.Value.Storage.Owner is null
        && parameter.Mask?.Storage.Owner is null
        ? parameter
        : parameter with { Value = parameter.Value.Owned(), Mask = parameter.Mask?.Owned() };

    /// <summary>
    /// Creates a parameter with the operator's initial values or, without a stream, with zero weights and scales of
    /// one.
    /// </summary>
    internal static Parameter Fresh(string name, ParameterSpec spec, RandomStream? stream)
    {
        float value = spec.Initializer is Constant constant ? constant.Value : 0;
        var parameter = new Parameter { Name = name, Role = spec.Role, Value = Tensor.Full(spec.Shape, value) };
        return stream is null ? parameter : Start(parameter, spec, stream, weights: null);
    }

    private static Parameter Start(Parameter parameter, ParameterSpec spec, RandomStream stream, Initializer? weights)
    {
        bool isWeight = spec.Role.IsLayerWeight();
        float[] values = new float[spec.Shape.Count];
        (isWeight && weights is not null ? weights : spec.Initializer)
            .Fill(values, spec.Fan, stream.Split(parameter.Name));
        return Masked(parameter with { Value = Tensor.From(values, spec.Shape) });
    }

    /// <summary>Throws if the number, a shape or a dtype of the inputs is wrong.</summary>
    internal void CheckInputs(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count != Inputs.Count)
        {
            throw new ArgumentException($"Network.Forward: wrong number of inputs (got {inputs.Count}, expected "
                + $"{Inputs.Count})", nameof(inputs));
        }

        Shape? first = null;
        for (int i = 0; i < inputs.Count; i++)
        {
            InputSpec spec = Inputs[i];
            ArgumentNullException.ThrowIfNull(inputs[i], nameof(inputs));
            Shape shape = inputs[i].Shape;
            int batch = spec.IsBatched && shape.Rank > 0 ? shape[0] : 0;
            if (!shape.Equals(spec.BatchShape(batch)))
            {
                throw new ShapeMismatchException(
                    $"Network input '{spec.Name}'", shape,
                    spec.IsBatched ? $"[N, {string.Join(", ", spec.SampleShape)}]" : spec.SampleShape.ToString());
            }

            if (spec.IsBatched && shape[0] != (first ??= shape)[0])
            {
                throw new ShapeMismatchException(
                    $"Network input '{spec.Name}'", shape, first, "all batched inputs must have the same batch size");
            }

            if (inputs[i].DType != spec.DType)
            {
                throw new ArgumentException($"Network input '{spec.Name}': wrong dtype (got {inputs[i].DType}, "
                    + $"expected {spec.DType}); convert it first");
            }
        }
    }
}
