using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Builds a plan: the selected step of each layer, the layout changes between them, and the setup steps that fill the
/// buffers of constants.
/// </summary>
internal sealed class PlanBuilder
{
    private readonly LayerGraph _graph;
    private readonly StepLibrary _steps;
    private readonly List<PlannedStep> _setup = [];
    private readonly List<PlannedStep> _planned = [];
    private readonly List<PlannedBuffer> _buffers = [];
    private readonly Dictionary<(int Value, ValueLayout Layout), int> _indices = [];

    /// <summary>Layout in which each value was first produced.</summary>
    private readonly ValueLayout[] _first;

    /// <summary>Whether each value has a buffer.</summary>
    private readonly bool[] _isMade;

    /// <summary>Output buffers, which the caller owns.</summary>
    private readonly HashSet<int> _outputs = [];

    private PlanBuilder(LayerGraph graph, StepLibrary steps)
    {
        (_graph, _steps) = (graph, steps);
        _first = new ValueLayout[graph.Values.Count];
        _isMade = new bool[graph.Values.Count];
    }

    /// <summary>Builds a plan.</summary>
    /// <param name="graph">The layers.</param>
    /// <param name="steps">Steps created so far, for any batch size.</param>
    /// <param name="batch">Batch size for which candidates are listed; the plan works for any.</param>
    /// <param name="choose">Selects a candidate for a layer.</param>
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

    /// <summary>Returns a function that selects candidates by kernel name, from kernels keyed by layer name.</summary>
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

    /// <summary>Returns the buffer of a value in a layout; adds the layout change if needed.</summary>
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

    /// <summary>Adds the buffer of a constant; other layouts of the constant are converted from it.</summary>
    private void AddConstant(int value, Tensor constant) => _setup.Add(new PlannedStep
    {
        Step = new ConstantStep(constant) { Reads = ValueLayout.Tensor, Writes = ValueLayout.Tensor },
        Inputs = [],
        Output = AddBuffer(value, ValueLayout.Tensor),
    });

    /// <summary>
    /// Returns the buffer of an output, which the caller owns. The value's buffer is used directly if nothing else
    /// needs it; otherwise a copy is added.
    /// </summary>
    private int AddOutput(int value)
    {
        ValueInfo info = _graph.Values[value];
        ValueLayout layout = info.DType == DType.Float32 ? ValueLayout.RowMajor : ValueLayout.Tensor;
        int source = Place(value, layout);
        bool isOwn = _buffers[source].AliasOf < 0 && source >= _graph.InputCount
            && !_outputs.Contains(source) && !_graph.Constants.ContainsKey(value);
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
