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

    /// <summary>
    /// Numbers of further values that it makes for the kernels behind it, as lists of the winners' indices. The
    /// compiler's own (<see cref="LoweringContext.AddValue"/>): they always lie row-major, four bytes per element.
    /// </summary>
    internal IReadOnlyList<int> Extras { get; init; } = [];

    /// <summary>What it is, in a word for the plan.</summary>
    internal abstract string Kind { get; }

    /// <summary>Kind and attributes, equal for layers that take equally long on values of the same shapes.</summary>
    internal abstract object Attributes { get; }

    /// <summary>Multiplications for a batch of one, zeros counted.</summary>
    internal virtual long Macs => 0;

    /// <summary>Its weights, if it has any.</summary>
    internal virtual Tensor? Weights => null;

    /// <summary>Whether its value is its input's memory under another shape, so that nothing has to run.</summary>
    internal virtual bool IsAlias => false;

    /// <summary>Whether it runs by tensor operations, which share threads and memory in their own way.</summary>
    internal virtual bool RunsOnTensors => false;

    /// <summary>The ways to carry it out for a batch; never none.</summary>
    internal abstract IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch);

    /// <summary>
    /// What part of its value is expected not to be zero; <see cref="LayerGraph.Densities"/> has that of its inputs.
    /// </summary>
    internal virtual ValueDensity ExpectedDensity(LayerGraph graph) => ValueDensity.Dense;

    /// <summary>The layer with a ReLU behind it, in one pass; null: it needs a pass of its own.</summary>
    /// <param name="output">The value behind the ReLU.</param>
    internal virtual Layer? WithRelu(int output) => null;

    /// <summary>The layer with an addition behind it, in one pass; null: it needs a pass of its own.</summary>
    /// <param name="other">The value that is added.</param>
    /// <param name="sum">The addition.</param>
    internal virtual Layer? WithAddition(int other, SumLayer sum) => null;
}
