using Temper.Formats;
using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Training.Checkpoints;

/// <summary>The tensor files of a checkpoint: network, optimizer state, and files of the method.</summary>
internal static class CheckpointTensors
{
    internal const string ModelFile = "model.safetensors";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string MethodFile = "method.safetensors";
    private const string Ending = ".safetensors";
    private const string AverageName = "average";

    /// <summary>Returns the names and contents of the files.</summary>
    internal static IEnumerable<(string File, SafetensorsFile Content)> Of(Learner learner, MethodState method)
    {
        yield return (ModelFile, Formats.Models.ModelFile.ToSingleFile(learner.Network));
        yield return (OptimizerFile, new SafetensorsFile(Optimizer(learner)));
        if (method.Tensors.Count > 0)
        {
            yield return (MethodFile, new SafetensorsFile([.. method.Tensors]));
        }

        foreach ((string name, Network network) in method.Networks)
        {
            string file = name + Ending;
            if (file is ModelFile or OptimizerFile or MethodFile
                || !string.Equals(Path.GetFileName(file), file, StringComparison.Ordinal))
            {
                throw new ArgumentException($"MethodState: a network cannot have this name (got '{name}'); choose a "
                    + "valid file name that is not in use");
            }

            yield return (file, Formats.Models.ModelFile.ToSingleFile(network));
        }
    }

    /// <summary>Reads the network of a checkpoint.</summary>
    internal static Network ReadNetwork(string folder) => ReadNetwork(folder, ModelFile);

    /// <summary>Reads the state that a method saved.</summary>
    internal static MethodState ReadMethod(string folder, CheckpointState state)
    {
        string tensors = Path.Combine(folder, MethodFile);
        return new MethodState
        {
            Json = state.Method,
            Tensors = state.Files.ContainsKey(MethodFile)
                ? SafetensorsFile.Load(tensors).Tensors.ToDictionary(
                    entry => entry.Key, entry => entry.Value, StringComparer.Ordinal)
                : MethodState.Empty.Tensors,
            Networks = state.Files.Keys.Where(file => file is not (ModelFile or OptimizerFile or MethodFile))
                .ToDictionary(file =>
                    Path.GetFileNameWithoutExtension(file), file => ReadNetwork(folder, file), StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// Reads the optimizer file. The returned function gives the optimizer state and the weight average of a parameter.
    /// </summary>
    internal static Func<Parameter, (OptimizerState State, float[]? Average)> ReadOptimizer(
        string folder, LearnerOptions options, CheckpointState state)
    {
        string path = Path.Combine(folder, OptimizerFile);
        var tensors = SafetensorsFile.Load(path).Tensors.ToDictionary(
            entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        return parameter =>
        {
            IEnumerable<OptimizerSlot> slots = options.Optimizer.CreateState(0).Slots.Select(
                slot => slot with { Values = Values(parameter, slot.Name) });
            long steps = state.OptimizerSteps.TryGetValue(parameter.Name, out long found)
                ? found
                : throw new ModelFormatException(path, $"checkpoint: no optimizer state for '{parameter.Name}'; "
                    + "resume with the options of the run");
            return (new OptimizerState(steps, slots), options.Average is null ? null : Values(parameter, AverageName));
        };

        float[] Values(Parameter parameter, string name)
        {
            string full = $"{parameter.Name}/{name}";
            Tensor? found = tensors.GetValueOrDefault(full);
            return found is { DType: DType.Float32 } && found.Count == parameter.Value.Count
                ? found.ToArray<float>()
                : throw new ModelFormatException(
                    path, $"checkpoint: tensor '{full}' does not match (got {found?.ToString() ?? "nothing"}, "
                        + $"expected {parameter.Value.Count} float32 values); resume with the options of the run");
        }
    }

    private static Network ReadNetwork(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        return Formats.Models.ModelFile.FromSingleFile(SafetensorsFile.Load(path), path);
    }

    private static List<KeyValuePair<string, Tensor>> Optimizer(Learner learner)
    {
        List<KeyValuePair<string, Tensor>> tensors = [];
        foreach (TrainedParameter trained in learner.Trained.All)
        {
            string name = trained.Parameter.Name;
            tensors.AddRange(
                trained.State.Slots.Select(slot => KeyValuePair.Create($"{name}/{slot.Name}", Flat(slot.Values))));
            if (trained.Average is not null)
            {
                tensors.Add(new($"{name}/{AverageName}", Flat(trained.Average)));
            }
        }

        return tensors;

        static Tensor Flat(float[] values) => Tensor.From(values, [values.Length]);
    }
}
