using System.Collections.ObjectModel;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A neural network as a value: a graph of operators with named parameters and buffers. Immutable; what changes it
/// gives a new network that shares everything else.
/// </summary>
/// <remarks>
/// Axis 0 of what depends on a batched input is the batch: free in length, and no node mixes samples. A pass may run on
/// several threads at once. Training works on a <see cref="Copy"/>, whose numbers the trainer alone writes.
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

    /// <summary>Its inputs, in order.</summary>
    public IReadOnlyList<InputSpec> Inputs => Graph.Inputs;

    /// <summary>Its outputs, in order.</summary>
    public IReadOnlyList<NetworkOutput> Outputs => Graph.Outputs;

    /// <summary>Its nodes, each after those whose values it takes.</summary>
    public IReadOnlyList<Node> Nodes => Graph.Nodes;

    /// <summary>Its parameters, in the order of first use; one that two nodes share is there once.</summary>
    public ParameterMap Parameters { get; }

    /// <summary>
    /// Its buffers by full name, in the order of first use: running statistics of batch normalization.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Buffers { get; }

    /// <summary>Names of the classes, if it is a classifier that knows them.</summary>
    public IReadOnlyList<string> ClassNames { get; private init; } = [];

    /// <summary>Free texts that are saved with it: where it comes from, its license.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private init; } =
        ReadOnlyDictionary<string, string>.Empty;

    internal NetworkGraph Graph { get; }

    /// <summary>The parameters' values in order, for plans.</summary>
    internal Tensor[] ParameterValues { get; }

    /// <summary>The buffers in order, for plans.</summary>
    internal Tensor[] BufferValues { get; }

    /// <summary>
    /// Weights with their normalization folded in, by index of the normalization's node, as far as they have been
    /// needed.
    /// </summary>
    internal FoldedNorm?[] FoldedNorms { get; }

    /// <summary>Builds a network with one input and one output, named <c>output</c>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="body">Gives the output's value from the input's.</param>
    /// <returns>
    /// The network, its weights zero: call <see cref="Initialize"/> or load weights before use.
    /// </returns>
    /// <exception cref="ShapeMismatchException">Shapes do not fit; the error names the node.</exception>
    /// <exception cref="ArgumentException">Names or values do not fit.</exception>
    public static Network Build(InputSpec input, Func<Value, Value> body) =>
        Build([input], values => [("output", body(values[0]))]);

    /// <summary>Builds a network with several inputs or outputs.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="body">Gives the outputs, named, from the inputs' values.</param>
    /// <inheritdoc cref="Build(InputSpec, Func{Value, Value})"/>
    public static Network Build(
        IReadOnlyList<InputSpec> inputs, Func<IReadOnlyList<Value>, IReadOnlyList<(string Name, Value Value)>> body)
    {
        var builder = new NetworkBuilder();
        Value[] values = [.. inputs.Select(builder.Input)];
        IReadOnlyList<(string Name, Value Value)> outputs = body(values);
        return FromGraph(new NetworkGraph(
            inputs, builder.Nodes, [.. outputs.Select(output => new NetworkOutput(output.Name, output.Value.Name))]));
    }

    /// <summary>The values of one batch in evaluation, for a network with one input and one output.</summary>
    /// <param name="x"><c>[N, ...]</c>, the input's sample shape behind the batch axis.</param>
    /// <returns>The output's value, for a classifier <c>[N, classes]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The input does not fit.</exception>
    /// <exception cref="InvalidOperationException">The network has several inputs or outputs.</exception>
    public Tensor Forward(Tensor x) => Forward(x, Pass.Evaluation);

    /// <summary>The values of one batch.</summary>
    /// <param name="x"><c>[N, ...]</c>.</param>
    /// <param name="pass">Evaluation or training; the network itself does not change.</param>
    /// <inheritdoc cref="Forward(Tensor)"/>
    public Tensor Forward(Tensor x, Pass pass)
    {
        if (Inputs.Count != 1 || Outputs.Count != 1)
        {
            throw new InvalidOperationException(
                $"Network.Forward: needs one input and one output (got {Inputs.Count} and {Outputs.Count}); call the "
                + "form that takes lists");
        }

        return Forward([x], pass)[0];
    }

    /// <summary>The values of all outputs.</summary>
    /// <param name="inputs">One tensor for each input, all of one batch size.</param>
    /// <param name="pass">Evaluation or training.</param>
    /// <returns>One tensor for each output.</returns>
    /// <exception cref="ArgumentException">Number, shape or dtype of the inputs does not fit.</exception>
    public IReadOnlyList<Tensor> Forward(IReadOnlyList<Tensor> inputs, Pass pass)
    {
        CheckInputs(inputs);
        return Graph.Plans.For(pass).Run(this, inputs, pass);
    }

    /// <summary>This network with fresh parameters and buffers; masks are kept, masked entries are zero.</summary>
    /// <param name="stream">Each parameter takes the part of this stream that bears its name.</param>
    /// <param name="weights">
    /// For weights of convolutions and linear layers; null: each operator's own (PyTorch's default).
    /// </param>
    public Network Initialize(RandomStream stream, Initializer? weights = null) => new(
        Graph,
        Parameters.Select(parameter => Start(parameter, Graph.Parameters[parameter.Name], stream, weights)),
        Graph.Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Create())))
    {
        ClassNames = ClassNames,
        Metadata = Metadata,
    };

    /// <summary>A deep copy: whoever holds it alone may write its parameters and buffers in place.</summary>
    public Network Copy() => With(
        Parameters.Select(
            parameter => parameter with { Value = parameter.Value.Detach(), Mask = parameter.Mask?.Detach() }),
        Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Detach())));

    /// <summary>Names of the buffers that training changes: running statistics. The others are constants.</summary>
    internal HashSet<string> StatisticsNames() =>
        [.. Nodes.Where(node => node.Operator is BatchNorm).SelectMany(node => node.Buffers)];

    /// <summary>
    /// A network with its own memory for what training changes, the parameters that are picked and the statistics of
    /// batch normalization; everything else is shared.
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
    /// Overwrites the numbers with another network's of the same graph. Only for the owner of a copy that nobody else
    /// has seen; what both share is left alone.
    /// </summary>
    /// <returns>False, and nothing written, where graphs or masks differ.</returns>
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

    /// <summary>A network of a checked graph, weights zero, scales one.</summary>
    internal static Network FromGraph(NetworkGraph graph) => new(
        graph,
        graph.Parameters.Select(entry => Fresh(entry.Key, entry.Value, stream: null)),
        graph.Buffers.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Create())));

    /// <summary>A network outlives the scope in which its values may have been computed.</summary>
    private static Parameter Owned(Parameter parameter) => parameter.Value.Storage.Owner is null
        && parameter.Mask?.Storage.Owner is null
        ? parameter
        : parameter with { Value = parameter.Value.Owned(), Mask = parameter.Mask?.Owned() };

    /// <summary>
    /// A new parameter: its operator's initial values, or, without a stream, weights zero and scales one.
    /// </summary>
    internal static Parameter Fresh(string name, ParameterSpec spec, RandomStream? stream)
    {
        var parameter = new Parameter { Name = name, Role = spec.Role, Value = Tensor.Full(
            spec.Shape, spec.Initializer is Constant constant ? constant.Value : 0f) };
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

    /// <summary>Throws where inputs do not fit.</summary>
    internal void CheckInputs(IReadOnlyList<Tensor> inputs)
    {
        if (inputs.Count != Inputs.Count)
        {
            throw new ArgumentException($"Network.Forward: wrong number of inputs (got {inputs.Count}, expected "
                + $"{Inputs.Count})", nameof(inputs));
        }

        Shape? first = null;
        for (int i = 0; i < inputs.Count; i++)
        {
            InputSpec spec = Inputs[i];
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
                    $"Network input '{spec.Name}'", shape, first, "all batched inputs have one batch size");
            }

            if (inputs[i].DType != spec.DType)
            {
                throw new ArgumentException($"Network input '{spec.Name}': wrong dtype (got {inputs[i].DType}, "
                    + $"expected {spec.DType}); convert it first");
            }
        }
    }
}
