using Temper.Kernels;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The mode of a forward pass and what it recorded: evaluation or training, which values inside the network are read
/// (<see cref="Tap"/>), and the batch statistics that were found.
/// </summary>
/// <remarks>
/// <see cref="Evaluation"/> holds nothing and may be shared by threads. Any other pass belongs to one thread. What a
/// pass gathers is shared with the passes made from it, so that <c>pass.Tap("conv1")</c> inside a loss does not lose
/// statistics.
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

    /// <summary>Another pass that shares statistics.</summary>
    private Pass(Pass other, string[] taps)
    {
        (IsTraining, Stream, _statistics, _taps, Reducer, Kernels) =
            (other.IsTraining, other.Stream, other._statistics, taps, other.Reducer, other.Kernels);
        _tapped = taps.Length == 0 ? [] : new Tensor?[taps.Length];
        PlanKey = taps.Length == 0 ? "" : string.Join('\n', taps);
    }

    /// <summary>Running statistics, no dropout.</summary>
    public static Pass Evaluation { get; } = new(isTraining: false, stream: null);

    /// <summary>Whether batch statistics and dropout are on.</summary>
    public bool IsTraining { get; }

    /// <summary>Whether a sample's bytes are the same in any batch; see <see cref="BatchInvariant"/>.</summary>
    public bool IsBatchInvariant => Kernels == KernelChoice.BatchInvariant;

    /// <summary>
    /// The batch statistics that were found, in the order in which nodes ran. A pass does not change the network:
    /// <see cref="BatchStatisticsUpdate.Apply"/> moves a network's running statistics.
    /// </summary>
    public IReadOnlyList<NodeStatistics> Statistics => _statistics;

    /// <summary>The random numbers of dropout; null in evaluation.</summary>
    internal RandomStream? Stream { get; }

    /// <summary>Joins batch statistics over ranks; null: this batch's alone.</summary>
    internal IStatisticsReducer? Reducer { get; private init; }

    /// <summary>How the kernels of its operations are chosen.</summary>
    internal KernelChoice Kernels { get; private init; }

    internal ReadOnlySpan<string> Taps => _taps;

    /// <summary>Identifies the taps among the plans of a graph; empty without taps.</summary>
    internal string PlanKey { get; }

    /// <summary>A tapped value of the last forward pass. A tape follows it like any other.</summary>
    /// <param name="value">A name given to <see cref="Tap"/>.</param>
    /// <returns><c>[N, ...]</c>, the value's shape.</returns>
    /// <exception cref="KeyNotFoundException">The name was not tapped.</exception>
    /// <exception cref="InvalidOperationException">No forward pass has run.</exception>
    public Tensor this[string value]
    {
        get
        {
            int index = Array.IndexOf(_taps, value);
            if (index < 0)
            {
                string tapped = _taps.Length == 0 ? "nothing" : string.Join(", ", _taps);
                throw new KeyNotFoundException(
                    $"Pass: the value is not tapped (got '{value}', tapped: {tapped}); name it in Tap");
            }

            return _tapped[index] ?? throw new InvalidOperationException(
                $"Pass: no forward pass has run (asked for '{value}'); call Forward with this pass first");
        }
    }

    /// <summary>Batch statistics and dropout. Make one for each step: it gathers statistics.</summary>
    /// <param name="dropout">The step's random stream; each dropout node takes the part that bears its name.</param>
    public static Pass Training(RandomStream dropout) => new(isTraining: true, dropout);

    /// <summary>
    /// This pass with values inside the network to be read after it. Operators are not fused across a tap.
    /// </summary>
    /// <param name="values">Names of nodes or inputs; replaces earlier taps.</param>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass Tap(params IReadOnlyList<string> values) =>
        new(this, [.. values.Distinct(StringComparer.Ordinal)]);

    /// <summary>This pass with batch statistics joined over ranks, in the forward pass and in its gradient.</summary>
    /// <param name="reducer">Adds numbers up over all ranks; each must run the same network.</param>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass Synchronize(IStatisticsReducer reducer) => new(this, _taps) { Reducer = reducer };

    /// <summary>
    /// This pass with kernels chosen whatever the batch: the values of a sample and, on a tape, its gradient are the
    /// same bytes in any batch, at any index and for any number of threads. Without it, small batches take kernels that
    /// are faster for them and round differently. For attacks, audits and caches, whose result for a sample must not
    /// depend on its mates.
    /// </summary>
    /// <remarks>
    /// The operations of the network are covered, not those of a loss behind it: reduce that with a sum, since a mean
    /// divides every sample's gradient by the batch. Batch statistics and dropout of a training pass still tie samples
    /// together, and so does a network that mixes samples (<see cref="Network.Batch"/>). Weights must be finite.
    /// ResNet-20 takes less than a tenth longer at any batch.
    /// </remarks>
    /// <returns>A new pass that shares statistics with this one.</returns>
    public Pass BatchInvariant() => new(this, _taps) { Kernels = KernelChoice.BatchInvariant };

    internal void Add(Node node, BatchStatistics statistics)
    {
        // The first run of a recomputed section has reported the same.
        if (!GradientTape.IsRecomputing)
        {
            _statistics.Add(new NodeStatistics(node, statistics));
        }
    }

    internal void SetTapped(int index, Tensor value) => _tapped[index] = value;
}

/// <summary>What one normalization node found of one batch.</summary>
/// <param name="Node">
/// The node; its buffers are the running mean, the running variance and the number of batches.
/// </param>
/// <param name="Batch">Mean, variance and count for each channel.</param>
public sealed record NodeStatistics(Node Node, BatchStatistics Batch);
