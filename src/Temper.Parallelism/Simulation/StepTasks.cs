using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>A task of a step.</summary>
/// <param name="Name">Name of the task.</param>
/// <param name="IsCommunication">Whether data move.</param>
/// <param name="Seconds">Duration in seconds.</param>
/// <param name="After">Indices of the tasks that must be done before.</param>
internal sealed record StepTask(string Name, bool IsCommunication, double Seconds, IReadOnlyList<int> After);

/// <summary>
/// The tasks of a training step: forward pass, backward pass and weight gradient of each layer, and the data movement
/// before and after them.
/// </summary>
internal sealed class StepTasks
{
    // The forward pass, the input gradient and the weight gradient each take one multiply-accumulate (two operations)
    // per weight and output position.
    private const double FlopsPerMac = 2;

    private readonly List<StepTask> _tasks = [];
    private readonly PlanCost _cost;
    private readonly (double SecondsPerByte, double Latency)[] _levels;
    private readonly double _flopSeconds;
    private readonly long _bucketBytes;

    internal StepTasks(PlanCost cost, int[] patterns, Machine machine)
    {
        (_cost, _bucketBytes) = (cost, machine.BucketBytes);
        int ranks = cost.Hierarchy.Accelerators;
        // Bytes are totals over all ranks; each rank gets an equal share from its peer.
        int[][] peers = [.. Enumerable.Range(0, cost.Hierarchy.Levels).Select(cost.Hierarchy.Peers)];
        _levels = [.. machine.Topology.Time(peers).Select(level => (level.SecondsPerByte / ranks, level.Latency))];
        _flopSeconds = LevelShares.For(cost.Hierarchy, machine.Speeds).Seconds / machine.FlopsPerSecond;
        var traffic = new StepTraffic(cost, patterns);
        int[] begun = Begin(patterns.All(pattern => pattern <= 0) ? machine.StepSeconds : machine.ShardedStepSeconds);
        int[] outputs = Forward(traffic, begun);
        Backward(traffic, outputs);
    }

    internal IReadOnlyList<StepTask> All => _tasks;

    /// <summary>Adds the fixed cost of a step. Returns the tasks that the first layers wait for.</summary>
    private int[] Begin(double seconds) =>
        seconds > 0 ? [Add(new StepTask("batch and loss", IsCommunication: false, seconds, []))] : [];

    /// <summary>
    /// Adds the forward pass layer by layer. Returns, for each layer, the task after which its output is complete.
    /// </summary>
    private int[] Forward(StepTraffic traffic, int[] begun)
    {
        PlannedNetwork network = _cost.Network;
        int[] outputs = new int[network.Layers.Count];
        ILookup<int, int> incoming = Enumerable.Range(0, network.Edges.Count).ToLookup(edge => network.Edges[edge].To);
        for (int layer = 0; layer < outputs.Length; layer++)
        {
            string name = network.Layers[layer].Name;
            int[] before =
            [
                .. incoming[layer].Select(edge =>
                    Move($"{name} input", traffic.Edges[edge], 0.5, [outputs[network.Edges[edge].From]])),
            ];
            int computed = Compute(layer, "forward", before.Length > 0 ? before : begun);
            outputs[layer] = Move($"{name} output", traffic.Activations[layer], 0.5, [computed]);
        }

        return outputs;
    }

    /// <summary>
    /// Adds the backward pass from the last layer to the first. The output gradient arrives, then the gradients of
    /// input and weights are computed.
    /// </summary>
    private void Backward(StepTraffic traffic, int[] outputs)
    {
        PlannedNetwork network = _cost.Network;
        ILookup<int, int> outgoing =
            Enumerable.Range(0, network.Edges.Count).ToLookup(edge => network.Edges[edge].From);
        int[] errors = new int[network.Layers.Count];
        var bucket = new Bucket(_levels.Length);
        for (int layer = errors.Length - 1; layer >= 0; layer--)
        {
            string name = network.Layers[layer].Name;
            int[] after =
            [
                .. outgoing[layer].Select(edge =>
                    Move($"{name} error", traffic.Edges[edge], 0.5, [errors[network.Edges[edge].To]])),
            ];
            if (after.Length == 0)
            {
                after = [outputs[layer]];
            }

            int arrived = Move($"{name} error", traffic.Activations[layer], 0.5, after);
            errors[layer] = Compute(layer, "backward", [arrived]);
            int gradient = Compute(layer, "gradient", [arrived]);
            bucket.Add(gradient, traffic.Gradients[layer]);
            if (layer == 0 || bucket.Bytes / (2.0 * (_cost.Hierarchy.Accelerators - 1)) >= _bucketBytes)
            {
                Move($"{name} gradients", bucket.Levels, 1, bucket.Tasks);
                bucket = new Bucket(_levels.Length);
            }
        }
    }

    private int Compute(int layer, string what, IReadOnlyList<int> after)
    {
        PlannedLayer of = _cost.Network.Layers[layer];
        double seconds = FlopsPerMac * of.Macs * _cost.Batch * _flopSeconds;
        return Add(new StepTask($"{of.Name} {what}", IsCommunication: false, seconds, after));
    }

    private int Move(string name, double[] bytes, double part, IReadOnlyList<int> after)
    {
        double seconds = 0;
        for (int level = 0; level < bytes.Length; level++)
        {
            seconds += bytes[level] > 0
                ? (part * bytes[level] * _levels[level].SecondsPerByte) + _levels[level].Latency
                : 0;
        }

        return Add(new StepTask(name, IsCommunication: true, seconds, after));
    }

    private int Add(StepTask task)
    {
        _tasks.Add(task);
        return _tasks.Count - 1;
    }

    /// <summary>Gradients of layers that are summed together, and the tasks that compute them.</summary>
    private sealed class Bucket(int levels)
    {
        internal double[] Levels { get; } = new double[levels];

        internal List<int> Tasks { get; } = [];

        /// <summary>Bytes over all ranks.</summary>
        internal double Bytes => Levels.Sum();

        internal void Add(int task, double[] bytes)
        {
            Tasks.Add(task);
            for (int level = 0; level < bytes.Length; level++)
            {
                Levels[level] += bytes[level];
            }
        }
    }
}
