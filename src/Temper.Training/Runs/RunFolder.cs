using System.Globalization;
using System.Text;
using Temper.Training.Tracking;

namespace Temper.Training.Runs;

/// <summary>
/// Files of a run: <c>config.yaml</c> (every option, resolved), <c>metrics.jsonl</c>, <c>result.json</c>,
/// <c>log.txt</c>, <c>environment.json</c>, <c>decisions.json</c> (where time decided something), <c>checkpoints/</c>,
/// <c>tensorboard/</c>.
/// </summary>
public sealed class RunFolder
{
    private RunFolder(string path) => FullPath = System.IO.Path.GetFullPath(path);

    /// <summary>The folder's full path.</summary>
    public string FullPath { get; }

    /// <summary>The resolved options of the run.</summary>
    public string ConfigPath => PathOf("config.yaml");

    /// <summary>One line of metrics an epoch.</summary>
    public string MetricsPath => PathOf("metrics.jsonl");

    /// <summary>The result.</summary>
    public string ResultPath => PathOf("result.json");

    /// <summary>The log.</summary>
    public string LogPath => PathOf("log.txt");

    /// <summary>Machine and versions.</summary>
    public string EnvironmentPath => PathOf("environment.json");

    /// <summary>What time or an interruption decided.</summary>
    public string DecisionsPath => PathOf("decisions.json");

    /// <summary>Checkpoints to resume from.</summary>
    public string CheckpointsPath => PathOf("checkpoints");

    /// <summary>Event files for TensorBoard.</summary>
    public string TensorBoardPath => PathOf("tensorboard");

    /// <summary>
    /// Makes the folder <c>&lt;root&gt;/&lt;command&gt;-&lt;dataset&gt;-&lt;seed&gt;-&lt;utc&gt;</c> and writes the
    /// environment.
    /// </summary>
    /// <param name="root">Usually <c>runs</c>; made when absent.</param>
    /// <param name="name">What ran on what.</param>
    /// <param name="time">The time in the name.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static RunFolder Create(string root, RunName name, TimeProvider time)
    {
        string utc = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string stem =
            $"{Plain(name.Command)}-{Plain(name.Dataset)}-{name.Seed.ToString(CultureInfo.InvariantCulture)}-{utc}";
        string path = System.IO.Path.Combine(root, stem);
        for (int i = 2; Directory.Exists(path); i++)
        {
            path = System.IO.Path.Combine(root, $"{stem}-{i.ToString(CultureInfo.InvariantCulture)}");
        }

        Directory.CreateDirectory(path);
        var folder = new RunFolder(path);
        Formats.AtomicFile.Write(folder.EnvironmentPath, stream => stream.Write(RunEnvironment.Current().ToJson()));
        return folder;
    }

    /// <summary>Opens the folder of an earlier run.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static RunFolder Open(string path) => Directory.Exists(path)
        ? new RunFolder(path)
        : throw new DirectoryNotFoundException(
            $"RunFolder.Open: no such folder (got '{path}'); give the folder of a run");

    /// <summary>The folder of the latest run of a command.</summary>
    /// <param name="root">Usually <c>runs</c>.</param>
    /// <param name="command">For example <c>train</c>; null: of any.</param>
    /// <returns>The folder with the latest time in its name; null if there is none.</returns>
    public static RunFolder? Latest(string root, string? command = null)
    {
        if (!Directory.Exists(root))
        {
            return null;
        }

        string? latest = Directory.EnumerateDirectories(root, command is null ? "*" : $"{Plain(command)}-*")
            .Where(path => File.Exists(System.IO.Path.Combine(path, "environment.json")))
            .OrderBy(TimeInName, StringComparer.Ordinal)
            .ThenBy(path => path.Length).ThenBy(path => path, StringComparer.Ordinal)
            .LastOrDefault();
        return latest is null ? null : new RunFolder(latest);
    }

    /// <summary>
    /// Seconds that the run has taken so far: up to its last epoch or stop, whichever is later; 0 for a new one.
    /// </summary>
    /// <exception cref="InvalidDataException">The record of decisions is damaged.</exception>
    public double ReadSeconds() =>
        ReadDecisions().Select(decision => decision.Seconds ?? 0).Append(MetricsLog.LastSeconds(MetricsPath)).Max();

    /// <summary>Opens <see cref="MetricsPath"/> for appending; seconds go on where the run stopped.</summary>
    /// <param name="time">Measures the seconds.</param>
    public MetricsLog OpenMetrics(TimeProvider time) => new(MetricsPath, time, ReadSeconds());

    /// <summary>Appends a line to <see cref="LogPath"/>.</summary>
    /// <param name="line">Without its end of line.</param>
    public void Log(string line) =>
        File.AppendAllText(LogPath, line + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    /// <summary>The decisions that the run recorded, oldest first; none where there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<RunDecision> ReadDecisions() => RunDecisionJson.Read(DecisionsPath);

    /// <summary>Records a decision beside those that are there.</summary>
    /// <param name="decision">What was decided, and when.</param>
    /// <exception cref="IOException">It cannot be written; what was there is intact.</exception>
    /// <exception cref="InvalidDataException">The file that is there is damaged.</exception>
    public void Record(RunDecision decision) => RunDecisionJson.Write(DecisionsPath, [.. ReadDecisions(), decision]);

    /// <summary>A path inside the folder.</summary>
    /// <param name="name">Relative to the folder.</param>
    public string PathOf(string name) => System.IO.Path.Combine(FullPath, name);

    private static string TimeInName(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        int end = name.LastIndexOf('Z');
        return end < 16 ? "" : name[(end - 15)..(end + 1)];
    }

    /// <summary>
    /// Names come from users (<c>synth:shapes?classes=10</c>): what a file name may not hold becomes a dash.
    /// </summary>
    private static string Plain(string text)
    {
        char[] letters = [.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')];
        string plain = new string(letters).Trim('-', '.');
        return plain.Length == 0 ? "run" : plain[..Math.Min(plain.Length, 60)];
    }
}

/// <summary>What a run folder is called by.</summary>
/// <param name="Command">The command, for example <c>train</c>.</param>
/// <param name="Dataset">The data, for example <c>fashion-mnist</c>.</param>
/// <param name="Seed">The seed.</param>
public sealed record RunName(string Command, string Dataset, ulong Seed);
