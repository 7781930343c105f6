namespace Temper.Inference;

/// <summary>
/// How a batch runs: either whole, with all threads working on each step, or in parts, each of which goes through all
/// steps on one thread.
/// </summary>
/// <param name="Steps">Plan of the batch, or of one part.</param>
/// <param name="PartSize">Number of samples per part (the last may be smaller); 0: the batch runs whole.</param>
/// <remarks>
/// The values of a part may fit a core's own cache even if those of the batch do not, and threads need not wait for
/// each other.
/// </remarks>
internal sealed record BatchPlan(ExecutionPlan Steps, int PartSize)
{
    private static readonly int[] Sizes = [16, 4, 1];

    /// <summary>Returns the part sizes worth trying for a batch, most promising first.</summary>
    internal static IEnumerable<int> PartSizes(int batch) =>
        Sizes.Where(size => size * 2 <= batch && size * 32 > batch);

    /// <summary>Returns the part size to use without measurements; 0: whole.</summary>
    internal static int EstimatedPartSize(int batch) => batch >= 32 ? 16 : 0;

    /// <summary>
    /// Whether a network can run in parts: its input and output are float32 with a batch axis, and no layer runs on
    /// tensors.
    /// </summary>
    internal static bool CanBeParted(LayerGraph graph) => graph.InputCount == 1 && graph.Outputs.Count == 1
        && IsSampleBySample(graph, 0) && IsSampleBySample(graph, graph.Outputs[0])
        && graph.Layers.All(layer => !layer.RunsOnTensors);

    private static bool IsSampleBySample(LayerGraph graph, int value) =>
        graph.Values[value] is { IsBatched: true, DType: Tensors.DType.Float32 } && !graph.Constants.ContainsKey(value);

    /// <summary>Returns the number of parts of a batch.</summary>
    internal int PartsOf(int batch) => PartSize == 0 ? 1 : (int)(((long)batch + PartSize - 1) / PartSize);
}
