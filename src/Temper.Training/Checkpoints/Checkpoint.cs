using System.Globalization;
using Temper.Formats;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Training.Checkpoints;

/// <summary>
/// The state of a training run as a folder: <c>model.safetensors</c>, <c>best.safetensors</c>, <c>optimizer.safetensors</c>,
/// <c>state.json</c>. Written under a temporary name and then renamed, so that a folder with a step's name is always whole; the one
/// before is removed only then.
/// </summary>
internal static class Checkpoint
{
    private const string Prefix = "step-";
    private const string MaskPrefix = "mask/";

    internal static void Save(TrainingState state, TrainingOptions options, string folder)
    {
        Directory.CreateDirectory(folder);
        string name = Path.Combine(folder, Prefix + state.Step.ToString("D10", CultureInfo.InvariantCulture));
        string temporary = name + ".tmp";
        Delete(temporary);
        try
        {
            Directory.CreateDirectory(temporary);
            new SafetensorsFile(TensorsOf(state.Network)).Save(Path.Combine(temporary, "model.safetensors"));
            if (state.Best is not null)
            {
                new SafetensorsFile(TensorsOf(state.Best)).Save(Path.Combine(temporary, "best.safetensors"));
            }

            new SafetensorsFile(OptimizerTensors(state)).Save(Path.Combine(temporary, "optimizer.safetensors"));
            AtomicFile.Write(Path.Combine(temporary, "state.json"), stream => StateJson.Write(state, options, stream));
            Delete(name);
            Directory.Move(temporary, name);
        }
        catch
        {
            Delete(temporary);
            throw;
        }

        foreach (string older in Folders(folder).Where(f => !string.Equals(f, name, StringComparison.Ordinal)))
        {
            Delete(older);
        }
    }

    internal static bool Exists(string folder) => Directory.Exists(folder) && Folders(folder).Any();

    internal static TrainingState LoadNewest(Network network, TrainingOptions options)
    {
        string folder = options.CheckpointFolder ?? throw new ArgumentException("Trainer.Resume: the options name no checkpoint folder", nameof(options));
        string newest = (Directory.Exists(folder) ? Folders(folder).LastOrDefault() : null)
            ?? throw new FileNotFoundException($"Trainer.Resume: no checkpoint in {folder}; begin with Fit");
        Network own = Load(network, Path.Combine(newest, "model.safetensors"));
        SafetensorsFile optimizer = SafetensorsFile.Load(Path.Combine(newest, "optimizer.safetensors"));
        string best = Path.Combine(newest, "best.safetensors");
        StateJson values = StateJson.Read(Path.Combine(newest, "state.json"), options);
        var state = new TrainingState
        {
            Network = own,
            Optimizer = [.. own.Parameters.Select((p, i) => OptimizerOf(p, values.OptimizerSteps[i], optimizer, options.Optimizer))],
            Average = options.Average is null ? [] : [.. own.Parameters.Select(p => optimizer[$"{p.Name}/average"].ToArray<float>())],
            Best = File.Exists(best) ? Load(network, best) : null,
        };
        values.Fill(state);
        return state;
    }

    private static List<KeyValuePair<string, Tensor>> TensorsOf(Network network) =>
    [
        .. network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)),
        .. network.Buffers,
        .. network.Parameters.Where(p => p.Mask is not null).Select(p => KeyValuePair.Create(MaskPrefix + p.Name, p.Mask!)),
    ];

    private static Network Load(Network network, string path)
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
            throw new ModelFormatException(path, 0, $"checkpoint: it is not of this network ({e.Message})", e);
        }
    }

    private static List<KeyValuePair<string, Tensor>> OptimizerTensors(TrainingState state)
    {
        List<KeyValuePair<string, Tensor>> tensors = [];
        for (int i = 0; i < state.Optimizer.Length; i++)
        {
            Parameter parameter = state.Network.Parameters[i];
            foreach (OptimizerSlot slot in state.Optimizer[i].Slots)
            {
                tensors.Add(new($"{parameter.Name}/{slot.Name}", Tensor.From(slot.Values, [slot.Values.Length])));
            }

            if (state.Average.Length > 0)
            {
                tensors.Add(new($"{parameter.Name}/average", Tensor.From(state.Average[i], [state.Average[i].Length])));
            }
        }

        return tensors;
    }

    private static OptimizerState OptimizerOf(Parameter parameter, long steps, SafetensorsFile file, Optimizer optimizer)
    {
        try
        {
            IEnumerable<OptimizerSlot> slots = optimizer.CreateState(0).Slots
                .Select(slot => new OptimizerSlot(slot.Name, file[$"{parameter.Name}/{slot.Name}"].ToArray<float>()));
            return new OptimizerState(steps, slots);
        }
        catch (KeyNotFoundException e)
        {
            throw new ModelFormatException("optimizer.safetensors", 0, $"checkpoint: it is not of this optimizer ({e.Message})", e);
        }
    }

    private static IEnumerable<string> Folders(string folder) => Directory.EnumerateDirectories(folder, Prefix + "*")
        .Where(f => !f.EndsWith(".tmp", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
