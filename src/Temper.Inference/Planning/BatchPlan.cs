namespace Temper.Inference;

/// <summary>
/// How a batch runs: whole, all threads at each step, or in parts, each of which goes through all steps on one thread.
/// </summary>
/// <param name="Steps">The plan of the batch, or of a part.</param>
/// <param name="PartSize">Samples of a part, the last of which may be smaller; 0: whole.</param>
/// <remarks>
/// What a part needs fits a core's own cache where that of the batch does not, and threads need not wait for one
/// another.
/// </remarks>
internal sealed record BatchPlan(ExecutionPlan Steps, int PartSize)
{
    private static readonly int[] Sizes = [16, 4, 1];

    /// <summary>Samples of parts that are worth trying for a batch, best first.</summary>
    internal static IEnumerable<int> PartSizes(int batch) =>
        Sizes.Where(size => size * 2 <= batch && size * 32 > batch);

    /// <summary>The part size where nothing is measured.</summary>
    internal static int EstimatedPartSize(int batch) => batch >= 32 ? 16 : 0;

    /// <summary>Whether a network can run in parts: what comes in and goes out is floats, sample by sample.</summary>
    internal static bool CanBeParted(LayerGraph graph) => graph.InputCount == 1 && graph.Outputs.Count == 1
        && IsSampleBySample(graph, 0) && IsSampleBySample(graph, graph.Outputs[0])
        && graph.Layers.All(layer => !layer.RunsOnTensors);

    private static bool IsSampleBySample(LayerGraph graph, int value) =>
        graph.Values[value] is { IsBatched: true, DType: Tensors.DType.Float32 } && !graph.Constants.ContainsKey(value);

    /// <summary>Parts of a batch.</summary>
    internal int PartsOf(int batch) => PartSize == 0 ? 1 : (int)(((long)batch + PartSize - 1) / PartSize);
}
