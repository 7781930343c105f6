using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Temper.Formats;
using Temper.Training.Runs;

namespace Temper.Training.Checkpoints;

/// <summary><c>state.json</c>: what a checkpoint holds besides tensors, what it was written with, and the digests of its other files.</summary>
internal sealed record CheckpointState
{
    private const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>Version of Temper that wrote it.</summary>
    public required string Tool { get; init; }

    /// <summary>What decides the bytes of a run, by name: it goes on only with the same.</summary>
    public required Dictionary<string, string> Options { get; init; }

    /// <summary>SHA-256 of the other files by name, in hexadecimal.</summary>
    public required SortedDictionary<string, string> Files { get; init; }

    public required long[] OptimizerSteps { get; init; }

    public required int Epoch { get; init; }

    public required int Batch { get; init; }

    public required long Step { get; init; }

    public required int BestEpoch { get; init; }

    public required double LossSum { get; init; }

    public required long Correct { get; init; }

    public required long Samples { get; init; }

    public required double Terms { get; init; }

    public required List<EpochResult> History { get; init; }

    internal static CheckpointState Of(TrainingState state, TrainingOptions options, SortedDictionary<string, string> files) => new()
    {
        Version = CurrentVersion,
        Tool = RunEnvironment.ToolVersion,
        Options = Decisive(options, state.TrainCount),
        Files = files,
        OptimizerSteps = [.. state.Optimizer.Select(o => o.Steps)],
        Epoch = state.Epoch,
        Batch = state.Batch,
        Step = state.Step,
        BestEpoch = state.BestEpoch,
        LossSum = state.LossSum,
        Correct = state.Correct,
        Samples = state.Samples,
        Terms = state.Terms,
        History = state.History,
    };

    internal void Write(Stream stream) => JsonSerializer.Serialize(stream, this, CheckpointJson.Default.CheckpointState);

    /// <summary>Reads and checks a file.</summary>
    /// <exception cref="ModelFormatException">It is damaged or of another version.</exception>
    internal static CheckpointState Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            CheckpointState state = JsonSerializer.Deserialize(stream, CheckpointJson.Default.CheckpointState)
                ?? throw new JsonException("it holds nothing");
            return state.Checked(path);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            throw new ModelFormatException(path, 0, $"checkpoint: the state is damaged (got: {e.Message}); begin the training again", e);
        }
    }

    /// <summary>Throws unless a run goes on as it began.</summary>
    /// <exception cref="ModelFormatException">An option or the network differs.</exception>
    internal void Require(TrainingOptions options, int trainCount, int parameterCount, string path)
    {
        foreach ((string name, string value) in Decisive(options, trainCount))
        {
            string? written = Options.GetValueOrDefault(name);
            if (!string.Equals(written, value, StringComparison.Ordinal))
            {
                throw new ModelFormatException(
                    path, 0, $"checkpoint: the run began with another {name} (got {value}, expected {written}); resume with the options and data of the run");
            }
        }

        if (OptimizerSteps.Length != parameterCount)
        {
            throw new ModelFormatException(
                path, 0, $"checkpoint: it is of another network (got {parameterCount} parameters, expected {OptimizerSteps.Length}); resume with the network that the run began with");
        }
    }

    /// <summary>Puts the numbers into a state.</summary>
    internal void Fill(TrainingState state)
    {
        (state.Epoch, state.Batch, state.Step, state.BestEpoch) = (Epoch, Batch, Step, BestEpoch);
        (state.LossSum, state.Correct, state.Samples, state.Terms) = (LossSum, Correct, Samples, Terms);
        state.History.AddRange(History);
    }

    private static Dictionary<string, string> Decisive(TrainingOptions options, int trainCount) => new(StringComparer.Ordinal)
    {
        ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        ["batch size"] = options.BatchSize.ToString(CultureInfo.InvariantCulture),
        ["accumulation"] = options.Accumulation.ToString(CultureInfo.InvariantCulture),
        ["optimizer"] = options.Optimizer.Name,
        ["number of samples"] = trainCount.ToString(CultureInfo.InvariantCulture),
    };

    private CheckpointState Checked(string path)
    {
        if (Version != CurrentVersion)
        {
            throw new ModelFormatException(
                path, 0, $"checkpoint: written by another version (got format {Version}, expected {CurrentVersion}); use Temper {Tool}");
        }

        bool isPlausible = Epoch >= 0 && Batch >= 0 && Step >= 0 && Correct >= 0 && Samples >= 0 && History.Count == Epoch
            && BestEpoch >= -1 && BestEpoch < History.Count && Array.TrueForAll(OptimizerSteps, s => s >= 0)
            && Files.Keys.All(f => string.Equals(Path.GetFileName(f), f, StringComparison.Ordinal));
        return isPlausible ? this : throw new JsonException("numbers contradict each other");
    }
}

/// <summary>How the state is written: without reflection, so that the tool can be trimmed.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CheckpointState))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
