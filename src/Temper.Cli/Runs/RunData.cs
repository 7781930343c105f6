using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Reporting.Runs;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>The data of the run that produced a network, and how the run converted them.</summary>
/// <param name="Source">Value of <c>--data</c>; null: the run had no data.</param>
/// <param name="Fit">Conversions that the run allowed.</param>
internal sealed record RunData(string? Source, FitOptions Fit)
{
    private const string None = "none", Compress = "compress", TrainAgent = "rl train";

    /// <summary>
    /// File of the agent that the run trained, whose source is an environment; null: the run made a network.
    /// </summary>
    internal string? Agent { get; init; }

    /// <summary>
    /// Value of <see cref="CompressionSettings.Validation"/>, which may have used test samples to choose between
    /// networks; null: the run chose on training samples, or not at all.
    /// </summary>
    internal string? Validation { get; init; }

    /// <summary>The data of the run that a model belongs to; null if it does not belong to a run.</summary>
    /// <param name="model">A run folder, or a file in a run folder.</param>
    /// <exception cref="InvalidDataException">The run's record is damaged.</exception>
    internal static RunData? Of(string model)
    {
        string? path = Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model));
        if (path is null
            || !File.Exists(Path.Combine(path, "result.json")) || !File.Exists(Path.Combine(path, "config.yaml")))
        {
            return null;
        }

        RunFolder folder = RunFolder.Open(path);
        RunRecord record = RunRecords.Read(folder);
        IReadOnlyDictionary<string, string> settings = ConfigFile.Load(folder.ConfigPath).Values(record.Command);
        return new RunData(record.Data is None ? null : record.Data, Preprocessing.OptionsOf(settings))
        {
            Agent = record.Command is TrainAgent ? folder.PathOf(Commands.RlTrainCommand.AgentName) : null,
            Validation = record.Command is Compress
                ? (string)CompressionSettings.Validation.Read(
                    settings.GetValueOrDefault(CompressionSettings.Validation.Name), folder.ConfigPath)!
                : null,
        };
    }
}
