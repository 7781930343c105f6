using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Makes a plan: for each layer the step that was chosen, between steps what changes the layout, and before all of them
/// what fills the buffers of constants.
/// </summary>
internal sealed class PlanBuilder
{
    private readonly LayerGraph _graph;
    private readonly StepLibrary _steps;
    private readonly List<PlannedStep> _setup = [];
    private readonly List<PlannedStep> _planned = [];
    private readonly List<PlannedBuffer> _buffers = [];
    private readonly Dictionary<(int Value, ValueLayout Layout), int> _indices = [];

    /// <summary>For each value the layout in which it was made.</summary>
    private readonly ValueLayout[] _first;

    /// <summary>Values that have a buffer.</summary>
    private readonly bool[] _isMade;

    /// <summary>Buffers that are the caller's.</summary>
    private readonly HashSet<int> _outputs = [];

    private PlanBuilder(LayerGraph graph, StepLibrary steps)
    {
        (_graph, _steps) = (graph, steps);
        _first = new ValueLayout[graph.Values.Count];
        _isMade = new bool[graph.Values.Count];
    }

    /// <param name="graph">The layers.</param>
    /// <param name="steps">Steps that were made already, for any batch.</param>
    /// <param name="batch">Samples that it is made for; it works for any number.</param>
    /// <param name="choose">Chooses among the ways to carry out a layer.</param>
    internal static ExecutionPlan Build(
        LayerGraph graph, StepLibrary steps, int batch, Func<Layer, IReadOnlyList<Candidate>, Candidate> choose)
    {
        var builder = new PlanBuilder(graph, steps);
        int[] inputs = [.. Enumerable.Range(0, graph.InputCount).Select(builder.AddInput)];
        (Layer, Candidate)[] chosen = [.. graph.Layers.Select(layer =>
            (layer, choose(layer, graph.CandidatesOf(layer, batch))))];
        steps.Pack(chosen);
        foreach ((Layer layer, Candidate candidate) in chosen)
        {
            builder.Add(layer, candidate);
        }

        return builder.Finish(inputs, [.. graph.Outputs.Select(builder.AddOutput)]);
    }

    /// <inheritdoc cref="Build(LayerGraph, StepLibrary, int, Func{Layer, IReadOnlyList{Candidate}, Candidate})"/>
    internal static ExecutionPlan Build(
        LayerGraph graph, StepLibrary steps, int batch, IReadOnlyDictionary<string, string> kernels) =>
        Build(graph, steps, batch, Named(kernels));

    /// <summary>Kernels by the layer's name.</summary>
    internal static Func<Layer, IReadOnlyList<Candidate>, Candidate> Named(
        IReadOnlyDictionary<string, string> kernels) =>
        (layer, candidates) => candidates.First(
            candidate => string.Equals(candidate.Kernel, kernels[layer.Name], StringComparison.Ordinal));

    private ExecutionPlan Finish(int[] inputs, int[] outputs) => new(_setup, _planned, _buffers, inputs, outputs);

    private int AddInput(int value) => AddBuffer(
        value, _graph.Values[value].DType == DType.Float32 ? ValueLayout.RowMajor : ValueLayout.Tensor);

    private void Add(Layer layer, Candidate candidate)
    {
        int[] inputs = [.. layer.Inputs.Select(input => Place(input, _graph.LayoutFor(input, candidate.Reads)))];
        if (layer.IsAlias)
        {
            AddBuffer(layer.Output, candidate.Writes, inputs[0]);
            return;
        }

        _planned.Add(new PlannedStep
        {
            Step = _steps.Get(layer, candidate), Inputs = inputs,
            Output = AddBuffer(layer.Output, _graph.LayoutFor(layer.Output, candidate.Writes)), Layer = layer,
            Cost = candidate.Cost, LeavesOutZeros = candidate.LeavesOutZeros,
            Extras = [.. layer.Extras.Select(extra => AddBuffer(extra, ValueLayout.RowMajor))],
        });
    }

    /// <summary>The buffer of a value in an order, which it is brought into if it is not there.</summary>
    private int Place(int value, ValueLayout layout)
    {
        if (_indices.TryGetValue((value, layout), out int index))
        {
            return index;
        }

        bool isConstant = _graph.Constants.TryGetValue(value, out Tensor? constant);
        if (isConstant && !_isMade[value])
        {
            AddConstant(value, constant!);
            return Place(value, layout);
        }

        ValueLayout from = _first[value];
        foreach (ValueLayout step in LayoutChange.Path(from, layout).SkipLast(1))
        {
            Place(value, step);
            from = step;
        }

        int source = _indices[(value, from)];
        if (LayoutChange.IsFree(_graph.Values[value], from, layout))
        {
            return AddBuffer(value, layout, source);
        }

        int target = AddBuffer(value, layout);
        (isConstant ? _setup : _planned).Add(new PlannedStep
        {
            Step = LayoutChange.Step(_graph.Values[value], from, layout), Inputs = [source], Output = target,
            MovedValue = value,
        });
        return target;
    }

    /// <summary>The buffer that a constant is kept in; other layouts of it are made from there.</summary>
    private void AddConstant(int value, Tensor constant) => _setup.Add(new PlannedStep
    {
        Step = new ConstantStep(constant) { Reads = ValueLayout.Tensor, Writes = ValueLayout.Tensor },
        Inputs = [],
        Output = AddBuffer(value, ValueLayout.Tensor),
    });

    /// <summary>
    /// Results are the caller's memory: a buffer of its own, written in place where nothing else needs it.
    /// </summary>
    private int AddOutput(int value)
    {
        ValueInfo info = _graph.Values[value];
        ValueLayout layout = info.DType == DType.Float32 ? ValueLayout.RowMajor : ValueLayout.Tensor;
        int source = Place(value, layout);
        bool isOwn = _buffers[source].AliasOf < 0 && source >= _graph.InputCount && !_outputs
            .Contains(source) && !_graph.Constants
            .ContainsKey(value);
        if (isOwn || layout == ValueLayout.Tensor)
        {
            _outputs.Add(source);
            return source;
        }

        _buffers.Add(new PlannedBuffer(info, layout));
        _planned.Add(
            new PlannedStep { Step = LayoutChange.Copy(info), Inputs = [source], Output = _buffers.Count - 1 });
        _outputs.Add(_buffers.Count - 1);
        return _buffers.Count - 1;
    }

    private int AddBuffer(int value, ValueLayout layout, int aliasOf = -1)
    {
        _buffers.Add(new PlannedBuffer(_graph.Values[value], layout, aliasOf));
        if (!_isMade[value])
        {
            (_first[value], _isMade[value]) = (layout, true);
        }

        _indices[(value, layout)] = _buffers.Count - 1;
        return _buffers.Count - 1;
    }
}
