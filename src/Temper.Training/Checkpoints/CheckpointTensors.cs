using Temper.Formats;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Training.Checkpoints;

/// <summary>The tensors of a training state as files of a checkpoint.</summary>
internal static class CheckpointTensors
{
    private const string ModelFile = "model.safetensors";
    private const string BestFile = "best.safetensors";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string MaskPrefix = "mask/";
    private const string AverageName = "average";

    /// <summary>File names with their contents.</summary>
    internal static IEnumerable<(string File, SafetensorsFile Tensors)> Of(TrainingState state)
    {
        yield return (ModelFile, new SafetensorsFile(Named(state.Network)));
        yield return (OptimizerFile, new SafetensorsFile(Optimizer(state)));
        if (state.Best is not null)
        {
            yield return (BestFile, new SafetensorsFile(Named(state.Best)));
        }
    }

    /// <summary>The state in a checkpoint's folder, its files checked before.</summary>
    internal static TrainingState Read(string folder, Network network, int trainCount, TrainingOptions options, CheckpointState values)
    {
        Network own = ReadNetwork(network, Path.Combine(folder, ModelFile));
        string path = Path.Combine(folder, OptimizerFile);
        SafetensorsFile optimizer = SafetensorsFile.Load(path);
        string best = Path.Combine(folder, BestFile);
        var state = new TrainingState
        {
            Network = own,
            Optimizer = [.. own.Parameters.Select((p, i) => ReadOptimizer(p, values.OptimizerSteps[i]))],
            Average = options.Average is null ? [] : [.. own.Parameters.Select(p => ReadArray(p, AverageName))],
            TrainCount = trainCount,
            Best = values.Files.ContainsKey(BestFile) ? ReadNetwork(network, best) : null,
        };
        values.Fill(state);
        return state;

        OptimizerState ReadOptimizer(Parameter parameter, long steps) =>
            new(steps, options.Optimizer.CreateState(0).Slots.Select(slot => slot with { Values = ReadArray(parameter, slot.Name) }));

        float[] ReadArray(Parameter parameter, string name)
        {
            string full = $"{parameter.Name}/{name}";
            Tensor? found = optimizer.Tensors.FirstOrDefault(t => string.Equals(t.Key, full, StringComparison.Ordinal)).Value;
            return found is { DType: DType.Float32 } && found.Count == parameter.Value.Count
                ? found.ToArray<float>()
                : throw new ModelFormatException(
                    path, 0, $"checkpoint: '{full}' does not fit (got {found?.ToString() ?? "nothing"}, expected {parameter.Value.Count} numbers); resume with the options of the run");
        }
    }

    private static List<KeyValuePair<string, Tensor>> Named(Network network) =>
    [
        .. network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)),
        .. network.Buffers,
        .. network.Parameters.Where(p => p.Mask is not null).Select(p => KeyValuePair.Create(MaskPrefix + p.Name, p.Mask!)),
    ];

    private static Network ReadNetwork(Network network, string path)
    {
        var tensors = SafetensorsFile.Load(path).Tensors.ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        try
        {
            return network
                .WithParameters(network.Parameters.Select(p => p with { Value = tensors[p.Name], Mask = tensors.GetValueOrDefault(MaskPrefix + p.Name) }))
                .WithBuffers(network.Buffers.Select(b => KeyValuePair.Create(b.Key, tensors[b.Key])))
                .Copy();
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException)
        {
            throw new ModelFormatException(path, 0, $"checkpoint: it is of another network (got: {e.Message}); resume with the network that the run began with", e);
        }
    }

    private static List<KeyValuePair<string, Tensor>> Optimizer(TrainingState state)
    {
        List<KeyValuePair<string, Tensor>> tensors = [];
        for (int i = 0; i < state.Optimizer.Length; i++)
        {
            string name = state.Network.Parameters[i].Name;
            tensors.AddRange(state.Optimizer[i].Slots.Select(slot => KeyValuePair.Create($"{name}/{slot.Name}", Flat(slot.Values))));
            if (state.Average.Length > 0)
            {
                tensors.Add(new($"{name}/{AverageName}", Flat(state.Average[i])));
            }
        }

        return tensors;

        static Tensor Flat(float[] values) => Tensor.From(values, [values.Length]);
    }
}
