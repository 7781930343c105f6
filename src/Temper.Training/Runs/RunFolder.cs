using System.Globalization;
using System.Text;
using Temper.Training.Tracking;

namespace Temper.Training.Runs;

/// <summary>
/// The folder of a run. Files: <c>config.yaml</c> (all options, resolved), <c>metrics.jsonl</c>, <c>result.json</c>,
/// <c>log.txt</c>, <c>environment.json</c>, <c>decisions.json</c> (only if a decision depended on time or the user),
/// <c>checkpoints/</c>, <c>tensorboard/</c>, <c>lock</c> (only while a process runs in the folder).
/// </summary>
public sealed class RunFolder
{
    private RunFolder(string path) => FullPath = System.IO.Path.GetFullPath(path);

    /// <summary>Full path of the folder.</summary>
    public string FullPath { get; }

    /// <summary>Path of the file with the resolved options.</summary>
    public string ConfigPath => PathOf("config.yaml");

    /// <summary>Path of the metrics file, one line per epoch.</summary>
    public string MetricsPath => PathOf("metrics.jsonl");

    /// <summary>Path of the result file.</summary>
    public string ResultPath => PathOf("result.json");

    /// <summary>Path of the log file.</summary>
    public string LogPath => PathOf("log.txt");

    /// <summary>Path of the file describing machine and versions.</summary>
    public string EnvironmentPath => PathOf("environment.json");

    /// <summary>Path of the file of decisions that depended on time or on an interrupt.</summary>
    public string DecisionsPath => PathOf("decisions.json");

    /// <summary>Folder of checkpoints to resume from.</summary>
    public string CheckpointsPath => PathOf("checkpoints");

    /// <summary>Folder of TensorBoard event files.</summary>
    public string TensorBoardPath => PathOf("tensorboard");

    /// <summary>
    /// Creates the folder <c>&lt;root&gt;/&lt;command&gt;-&lt;dataset&gt;-&lt;seed&gt;-&lt;utc&gt;</c> and writes the
    /// environment file.
    /// </summary>
    /// <param name="root">Parent folder, usually <c>runs</c>; created if absent.</param>
    /// <param name="name">Command, data set and seed for the folder's name.</param>
    /// <param name="time">Provides the time for the folder's name.</param>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public static RunFolder Create(string root, RunName name, TimeProvider time)
    {
        string utc = time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string stem =
            $"{Plain(name.Command)}-{Plain(name.Dataset)}-{name.Seed.ToString(CultureInfo.InvariantCulture)}-{utc}";
        string path = System.IO.Path.Combine(root, stem);
        for (int i = 2; !TryClaim(path); i++)
        {
            path = System.IO.Path.Combine(root, $"{stem}-{i.ToString(CultureInfo.InvariantCulture)}");
        }

        var folder = new RunFolder(path);
        Formats.AtomicFile.Write(folder.EnvironmentPath, stream => stream.Write(RunEnvironment.Current().ToJson()));
        return folder;
    }

    /// <summary>Opens the folder of an earlier run.</summary>
    /// <param name="path">Path of the folder.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public static RunFolder Open(string path) => Directory.Exists(path)
        ? new RunFolder(path)
        : throw new DirectoryNotFoundException(
            $"RunFolder.Open: no such folder (got '{path}'); give the folder of a run");

    /// <summary>Finds the folder of the latest run of a command.</summary>
    /// <param name="root">Parent folder, usually <c>runs</c>.</param>
    /// <param name="command">Name of the command, for example <c>train</c>; null: any command.</param>
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
    /// Returns the running time of the run so far in seconds: up to its last epoch or stop, whichever is later; 0 for a
    /// new run.
    /// </summary>
    /// <exception cref="InvalidDataException">The decisions file is damaged.</exception>
    public double ReadSeconds() =>
        ReadDecisions().Select(decision => decision.Seconds ?? 0).Append(MetricsLog.LastSeconds(MetricsPath)).Max();

    /// <summary>
    /// Opens <see cref="MetricsPath"/> for appending. The seconds continue from where the run stopped.
    /// </summary>
    /// <param name="time">Measures the seconds.</param>
    public MetricsLog OpenMetrics(TimeProvider time) => new(MetricsPath, time, ReadSeconds());

    /// <summary>Appends a line to <see cref="LogPath"/>.</summary>
    /// <param name="line">Text without a line break.</param>
    public void Log(string line) =>
        File.AppendAllText(LogPath, line + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    /// <summary>Returns the recorded decisions, oldest first; empty if there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<RunDecision> ReadDecisions() => RunDecisionJson.Read(DecisionsPath);

    /// <summary>Appends a decision to the decisions file.</summary>
    /// <param name="decision">The decision to record.</param>
    /// <exception cref="IOException">The file cannot be written; the existing file is intact.</exception>
    /// <exception cref="InvalidDataException">The existing file is damaged.</exception>
    public void Record(RunDecision decision) => RunDecisionJson.Write(DecisionsPath, [.. ReadDecisions(), decision]);

    /// <summary>
    /// Reserves the folder for one process until the result is disposed or the process ends. Two processes in one
    /// folder, such as a resume of a run that has not ended, would remove each other's checkpoints.
    /// </summary>
    /// <exception cref="IOException">Another process has reserved the folder, or it cannot be written.</exception>
    internal FileStream Reserve()
    {
        try
        {
            return FolderLock.Take(PathOf("lock"));
        }
        catch (IOException error)
        {
            throw new IOException(
                $"RunFolder: {FullPath} cannot be reserved for this run (got: {error.Message}); if another process "
                + "runs in it, wait until that ends, or start a new run",
                error);
        }
    }

    /// <summary>Returns a path inside the folder.</summary>
    /// <param name="name">Path relative to the folder.</param>
    public string PathOf(string name) => System.IO.Path.Combine(FullPath, name);

    /// <summary>Creates a folder; returns false if it exists. Of several callers, one gets true.</summary>
    private static bool TryClaim(string path)
    {
        if (Directory.Exists(path))
        {
            return false;
        }

        // Another process may create the same folder now. The first one to create the file gets it.
        Directory.CreateDirectory(path);
        string environment = new RunFolder(path).EnvironmentPath;
        try
        {
            using var claim = new FileStream(environment, FileMode.CreateNew, FileAccess.Write);
            return true;
        }
        catch (IOException) when (File.Exists(environment))
        {
            return false;
        }
    }

    private static string TimeInName(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        int end = name.LastIndexOf('Z');
        return end < 16 ? "" : name[(end - 15)..(end + 1)];
    }

    /// <summary>
    /// Replaces characters that are not safe in file names by dashes; names such as <c>synth:shapes?classes=10</c> come
    /// from users.
    /// </summary>
    private static string Plain(string text)
    {
        char[] letters = [.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')];
        string plain = new string(letters).Trim('-', '.');
        return plain.Length == 0 ? "run" : plain[..Math.Min(plain.Length, 60)];
    }
}

/// <summary>The parts of a run folder's name.</summary>
/// <param name="Command">Name of the command, for example <c>train</c>.</param>
/// <param name="Dataset">Name of the data set, for example <c>fashion-mnist</c>.</param>
/// <param name="Seed">The seed.</param>
public sealed record RunName(string Command, string Dataset, ulong Seed);
