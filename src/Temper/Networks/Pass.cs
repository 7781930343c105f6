using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// A forward pass: its mode (evaluation or training), the inner values to be read after it (<see cref="Tap"/>), and the
/// batch statistics that it recorded.
/// </summary>
/// <remarks>
/// <see cref="Evaluation"/> records nothing and may be shared by threads. Any other pass must be used by one thread
/// only. Passes derived from a pass share its recorded statistics, so a loss can use <c>pass.Tap("conv1")</c> without
/// losing them.
/// </remarks>
/// <example><code>
/// Pass pass = Pass.Evaluation.Tap("layer2.relu");
/// Tensor logits = network.Forward(x, pass);
/// Tensor features = pass["layer2.relu"];
/// </code></example>
public sealed class Pass
{
    private readonly List<NodeStatistics> _statistics;
    private readonly string[] _taps;
    private readonly Tensor?[] _tapped;

    private Pass(bool isTraining, RandomStream? stream)
    {
        (IsTraining, Stream, _statistics, _taps, _tapped, PlanKey) = (isTraining, stream, [], [], [], "");
    }

    /// <summary>Creates a pass that shares the statistics of another one.</summary>
    private Pass(Pass other, string[] taps)
    {
        (IsTraining, Stream, _statistics, _taps, Reducer, Kernels) =
            (other.IsTraining, other.Stream, other._statistics, taps, other.Reducer, other.Kernels);
        _tapped = taps.Length == 0 ? [] : new Tensor?[taps.Length];
        PlanKey = taps.Length == 0 ? "" : string.Join('\n', taps);
    }

    /// <summary>The evaluation pass: uses running statistics and no dropout.</summary>
    public static Pass Evaluation { get; } = new(isTraining: false, stream: null);

    /// <summary>True if the pass uses batch statistics and dropout.</summary>
    public bool IsTraining { get; }

    /// <summary>
    /// True if results for a sample are bitwise identical in any batch; see <see cref="BatchInvariant"/>.
    /// </summary>
    public bool IsBatchInvariant => Kernels == KernelChoice.BatchInvariant;

    /// <summary>
    /// The batch statistics recorded so far, in execution order. A pass does not change the network; call
    /// <see cref="BatchStatisticsUpdate.Apply"/> to update its running statistics.
    /// </summary>
    public IReadOnlyList<NodeStatistics> Statistics => _statistics;

    /// <summary>Random stream of dropout; null in evaluation.</summary>
    internal RandomStream? Stream { get; }

    /// <summary>Reduces batch statistics over all ranks; null: statistics of the local batch only.</summary>
    internal IStatisticsReducer? Reducer { get; private init; }

    /// <summary>How kernels are chosen for the operations of this pass.</summary>
    internal KernelChoice Kernels { get; private init; }

    internal ReadOnlySpan<string> Taps => _taps;

    /// <summary>Key of the taps in the graph's plan cache; empty without taps.</summary>
    internal string PlanKey { get; }

    /// <summary>Returns a tapped value of the last forward pass. Tapes record it like any other tensor.</summary>
    /// <param name="value">A name passed to <see cref="Tap"/>.</param>
    /// <returns>The value, <c>[N, ...]</c>.</returns>
    /// <exception cref="KeyNotFoundException">The name was not passed to <see cref="Tap"/>.</exception>
    /// <exception cref="InvalidOperationException">No forward pass has run yet.</exception>
    public Tensor this[string value]
    {
        get
        {
            int index = Array.IndexOf(_taps, value);
            if (index < 0)
            {
                string tapped = _taps.Length == 0 ? "nothing" : string.Join(", ", _taps);
                throw new KeyNotFoundException(
                    $"Pass: value is not tapped (got '{value}', tapped: {tapped}); pass its name to Tap");
            }

            return _tapped[index] ?? throw new InvalidOperationException(
                $"Pass: no forward pass has run (asked for '{value}'); call Forward with this pass first");
        }
    }

    /// <summary>
    /// Creates a training pass, which uses batch statistics and dropout. Create a new one per step, since it collects
    /// statistics.
    /// </summary>
    /// <param name="dropout">Random stream of the step; each dropout node uses the substream of its own name.</param>
    public static Pass Training(RandomStream dropout)
    {
        ArgumentNullException.ThrowIfNull(dropout);
        return new(isTraining: true, dropout);
    }

    /// <summary>
    /// Returns this pass with inner values of the network to be read after the forward pass. Operators are not fused
    /// across such a value.
    /// </summary>
    /// <param name="values">Names of nodes or inputs; they replace earlier ones.</param>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass Tap(params IReadOnlyList<string> values) => new(this, [.. values.Distinct(StringComparer.Ordinal)]);

    /// <summary>
    /// Returns this pass with batch statistics reduced over all ranks, in the forward and backward pass.
    /// </summary>
    /// <param name="reducer">Sums numbers over all ranks; all ranks must run the same network.</param>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass Synchronize(IStatisticsReducer reducer) => new(this, _taps) { Reducer = reducer };

    /// <summary>
    /// Returns this pass with kernels chosen independently of the batch size. The values of a sample and, on a tape,
    /// its gradient are then bitwise identical in any batch, at any index and for any number of threads. Otherwise,
    /// small batches use kernels that are faster for them and round differently. Use it for attacks, audits and caches,
    /// where the result for a sample must not depend on the rest of the batch.
    /// </summary>
    /// <remarks>
    /// This covers the operations of the network, not those of a loss computed from its outputs: reduce the loss with a
    /// sum, because a mean divides the gradient of every sample by the batch size. Samples still depend on each other
    /// through batch statistics and dropout in training, and in a network that mixes samples
    /// (<see cref="Network.Batch"/>). Weights must be finite. ResNet-20 takes less than 10 % longer at any batch size.
    /// </remarks>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass BatchInvariant() => new(this, _taps) { Kernels = KernelChoice.BatchInvariant };

    internal void Add(Node node, BatchStatistics statistics)
    {
        // When a section is recomputed for the backward pass, its first run has already added these statistics.
        if (!GradientTape.IsRecomputing)
        {
            _statistics.Add(new NodeStatistics(node, statistics));
        }
    }

    internal void SetTapped(int index, Tensor value) => _tapped[index] = value;
}

/// <summary>Batch statistics of one normalization node for one batch.</summary>
/// <param name="Node">
/// The node. Its buffers are the running mean, the running variance and the number of batches.
/// </param>
/// <param name="Batch">Mean and variance per channel, and the number of elements per channel.</param>
public sealed record NodeStatistics(Node Node, BatchStatistics Batch);
