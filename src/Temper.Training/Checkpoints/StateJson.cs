using System.Text.Json;
using Temper.Formats;
using Temper.Training.Runs;

namespace Temper.Training.Checkpoints;

/// <summary>The numbers of a training state that are not tensors.</summary>
internal sealed record StateJson
{
    private const int Version = 1;

    internal required long[] OptimizerSteps { get; init; }

    private JsonElement Root { get; init; }

    internal static void Write(TrainingState state, TrainingOptions options, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("version", Version);
        json.WriteString("tool", RunEnvironment.ToolVersion);
        json.WriteNumber("seed", options.Seed);
        json.WriteNumber("batchSize", options.BatchSize);
        json.WriteNumber("epoch", state.Epoch);
        json.WriteNumber("batch", state.Batch);
        json.WriteNumber("step", state.Step);
        json.WriteNumber("bestEpoch", state.BestEpoch);
        Number(json, "lossSum", state.LossSum);
        json.WriteNumber("correct", state.Correct);
        json.WriteNumber("samples", state.Samples);
        Number(json, "terms", state.Terms);
        json.WriteStartArray("optimizerSteps");
        foreach (Optimization.OptimizerState optimizer in state.Optimizer)
        {
            json.WriteNumberValue(optimizer.Steps);
        }

        json.WriteEndArray();
        json.WriteStartArray("history");
        foreach (EpochResult epoch in state.History)
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", epoch.Epoch);
            Number(json, "trainLoss", epoch.TrainLoss);
            Number(json, "trainAccuracy", epoch.TrainAccuracy);
            Number(json, "terms", epoch.Terms);
            Number(json, "validationLoss", epoch.ValidationLoss);
            Number(json, "validationAccuracy", epoch.ValidationAccuracy);
            Number(json, "learningRate", epoch.LearningRate);
            json.WriteBoolean("isBest", epoch.IsBest);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static StateJson Read(string path, TrainingOptions options)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement.Clone();
            if (root.GetProperty("version").GetInt32() != Version)
            {
                throw new ModelFormatException(path, 0, $"checkpoint: written by another version (got {root.GetProperty("version")}, expected {Version})");
            }

            if (root.GetProperty("seed").GetUInt64() != options.Seed || root.GetProperty("batchSize").GetInt32() != options.BatchSize)
            {
                throw new ModelFormatException(path, 0, "checkpoint: seed or batch size are not those it was written with; resume with the same options");
            }

            return new StateJson
            {
                Root = root,
                OptimizerSteps = [.. root.GetProperty("optimizerSteps").EnumerateArray().Select(s => s.GetInt64())],
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException and not ModelFormatException)
        {
            throw new ModelFormatException(path, 0, $"checkpoint: the state is damaged ({e.Message})", e);
        }
    }

    internal void Fill(TrainingState state)
    {
        state.Epoch = Root.GetProperty("epoch").GetInt32();
        state.Batch = Root.GetProperty("batch").GetInt32();
        state.Step = Root.GetProperty("step").GetInt64();
        state.BestEpoch = Root.GetProperty("bestEpoch").GetInt32();
        state.LossSum = Number(Root, "lossSum");
        state.Correct = Root.GetProperty("correct").GetInt64();
        state.Samples = Root.GetProperty("samples").GetInt64();
        state.Terms = Number(Root, "terms");
        foreach (JsonElement epoch in Root.GetProperty("history").EnumerateArray())
        {
            state.History.Add(new EpochResult
            {
                Epoch = epoch.GetProperty("epoch").GetInt32(),
                TrainLoss = Number(epoch, "trainLoss"),
                TrainAccuracy = Number(epoch, "trainAccuracy"),
                Terms = Number(epoch, "terms"),
                ValidationLoss = Number(epoch, "validationLoss"),
                ValidationAccuracy = Number(epoch, "validationAccuracy"),
                LearningRate = Number(epoch, "learningRate"),
                IsBest = epoch.GetProperty("isBest").GetBoolean(),
            });
        }
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static double Number(JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;
}
