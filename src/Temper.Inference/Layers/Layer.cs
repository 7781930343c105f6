using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A node, or several fused nodes, in the compiler's graph: what is computed, without the kernel.</summary>
internal abstract record Layer
{
    /// <summary>Name of the layer's first node.</summary>
    internal required string Name { get; init; }

    /// <summary>Indices of the input values.</summary>
    internal required IReadOnlyList<int> Inputs { get; init; }

    /// <summary>Index of the output value.</summary>
    internal required int Output { get; init; }

    /// <summary>
    /// Indices of further output values for the kernels that follow, such as lists of winning indices. They exist only
    /// in the compiler (<see cref="LoweringContext.AddValue"/>), are row-major, and have four bytes per element.
    /// </summary>
    internal IReadOnlyList<int> Extras { get; init; } = [];

    /// <summary>Kind of the layer, as shown in plans.</summary>
    internal abstract string Kind { get; }

    /// <summary>Kind and attributes. Equal for layers that take the same time on values of the same shapes.</summary>
    internal abstract object Attributes { get; }

    /// <summary>Multiply-accumulates for a batch of one; multiplications by zero are counted.</summary>
    internal virtual long Macs => 0;

    /// <summary>Weights of the layer; null: none.</summary>
    internal virtual Tensor? Weights => null;

    /// <summary>Whether the output is the input's memory with another shape, so that nothing has to be run.</summary>
    internal virtual bool IsAlias => false;

    /// <summary>Whether the layer runs tensor operations, which use threads and memory in their own way.</summary>
    internal virtual bool RunsOnTensors => false;

    /// <summary>Returns the candidate kernels for a batch; at least one.</summary>
    internal abstract IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch);

    /// <summary>
    /// Returns the expected density (nonzero fraction) of the output. <see cref="LayerGraph.Densities"/> contains the
    /// densities of the inputs.
    /// </summary>
    internal virtual ValueDensity ExpectedDensity(LayerGraph graph) => ValueDensity.Dense;

    /// <summary>Returns the layer with a fused ReLU; null: the ReLU cannot be fused.</summary>
    /// <param name="output">Index of the ReLU's output value.</param>
    internal virtual Layer? WithRelu(int output) => null;

    /// <summary>Returns the layer with a fused addition; null: the addition cannot be fused.</summary>
    /// <param name="other">Index of the value that is added.</param>
    /// <param name="sum">The addition.</param>
    internal virtual Layer? WithAddition(int other, SumLayer sum) => null;
}
