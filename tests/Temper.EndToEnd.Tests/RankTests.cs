using System.Diagnostics;
using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// Ranks started by mpirun. Every collective call, a training and a killed rank are tested with each installed MPI
/// implementation, the commands with one of them.
/// </summary>
public sealed class RankTests : IDisposable
{
    private static readonly string[] Endless =
        ["train", "lenet-5", "--data", "synth:shapes?count=120&size=28&channels=1", "--batch", "20", "--schedule", "constant", "--seed", "1", "--quiet"];

    private static readonly string[] Training = [.. Endless, "--epochs", "2"];

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-ranks").FullName;

    public static TheoryData<string> Engines => [.. Mpi.Engines];

    [MpiTheory]
    [MemberData(nameof(Engines))]
    public void Doctor_finds_the_library_and_every_call_gives_what_it_should(string engine)
    {
        using Process job = Mpi.Start(engine, 2, new() { ["TERM"] = "xterm" }, "doctor", "--mpi", "--json");
        ToolResult result = Tool.Finish(job);
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement mpi = JsonDocument.Parse(result.Output).RootElement.GetProperty("mpi");
        Assert.Contains(engine is "mpich" ? "MPICH" : "Open MPI", mpi.GetProperty("library").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, mpi.GetProperty("ranks").GetInt32());
    }

    [MpiFact]
    public void Two_ranks_train_to_the_losses_of_one()
    {
        double[] one = Losses(Tool.Run([.. Training, "--plan", "data", "--runs", Runs("one")]), "one");
        foreach (string engine in Mpi.Engines)
        {
            AssertClose(one, Losses(Mpi.Run(engine, 2, [.. Training, "--plan", "data", "--runs", Runs(engine)]), engine));
        }
    }

    [MpiFact]
    public void Plan_of_a_file_is_carried_out_and_one_that_does_not_fit_is_refused()
    {
        string plan = Path.Combine(_folder, "plan.json");
        Assert.Equal(0, Tool.Run("plan", "lenet-5", "--accelerators", "2", "--batch", "20", "--cost", "exact", "--splits", "output", "--save-plan", plan, "--quiet").ExitCode);
        double[] one = Losses(Tool.Run([.. Training, "--runs", Runs("one")]), "one");
        AssertClose(one, Losses(Mpi.Run(Mpi.Engines[^1], 2, [.. Training, "--plan", plan, "--runs", Runs("two")]), "two"));
        ToolResult wrong = Mpi.Run(Mpi.Engines[0], 3, [.. Training, "--plan", plan, "--runs", Runs("wrong")]);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("a different number of ranks", wrong.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Runs("wrong")));
        wrong = Tool.Run([.. Training, "--plan", plan, "--runs", Runs("wrong")]);
        Assert.Equal(2, wrong.ExitCode);
    }

    [MpiTheory]
    [MemberData(nameof(Engines))]
    public void Killed_rank_ends_the_job_and_the_run_goes_on_with_fewer_ranks_and_with_more(string engine)
    {
        string runs = Runs("killed");
        string[] longer = [.. Endless, "--epochs", "100000", "--plan", "data", "--runs", runs];
        using Process job = Mpi.Start(engine, 2, [], longer);
        Process victim = WaitForRank(job, runs);
        victim.Kill();
        var clock = Stopwatch.StartNew();
        ToolResult result = Tool.Finish(job);
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"the job ended after {clock.Elapsed}");
        Assert.NotEqual(0, result.ExitCode);

        // Open MPI's launcher reports the rank, MPICH's the process ID.
        Assert.Contains(engine is "openmpi" ? "rank 1" : $"PID {victim.Id}", result.Error + result.Output, StringComparison.Ordinal);
        string folder = Directory.GetDirectories(runs).Single();
        WaitForOtherRanks(folder);
        string copy = Copy(folder, Runs("copy"));
        int epochs = File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")).Length + 2;
        string[] rest = ["--epochs", $"{epochs}", "--quiet"];
        double[] one = LossesIn(Tool.Run(["train", "--resume", copy, .. rest]), copy);
        Assert.Equal(2 * epochs, one.Length);
        Assert.True(File.Exists(Path.Combine(copy, "result.json")));
        if (string.Equals(engine, Mpi.Engines[0], StringComparison.Ordinal))
        {
            AssertClose(one, LossesIn(Mpi.Run(engine, 3, ["train", "--resume", folder, .. rest]), folder));
            Assert.True(File.Exists(Path.Combine(folder, "result.json")));
        }
    }

    [MpiFact]
    public void Ranks_attack_samples_to_the_bytes_of_one()
    {
        Network network = Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(8).Relu().Linear(3)).Initialize(RandomStream.FromSeed(4));
        ModelFile.Save(network, Path.Combine(_folder, "model.safetensors"));
        float[] x = new float[50 * 6];
        RandomStream.FromSeed(2).FillUniform(x, 0, 1);
        long[] labels = [.. Enumerable.Range(0, 50).Select(i => (long)i % 3)];
        NpzFile.Save(Path.Combine(_folder, "data.npz"), new Dictionary<string, Tensor>
        {
            ["x_test"] = Tensor.From(x, [50, 6]), ["y_test"] = Tensor.From(labels, [50]),
        });
        string[] attack = ["attack", Path.Combine(_folder, "model.safetensors"), "--data", Path.Combine(_folder, "data.npz"), "--attack", "ddn"];
        Assert.Equal(0, Tool.Run([.. attack, "--output", Runs("one")]).ExitCode);
        ToolResult refused = Mpi.Run(Mpi.Engines[0], 2, attack);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--output", refused.Error, StringComparison.Ordinal);
        byte[] one = File.ReadAllBytes(Path.Combine(Runs("one"), "adversarial.npz"));
        ToolResult result = Mpi.Run(Mpi.Engines[0], 2, [.. attack, "--output", Runs("two"), "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(50, JsonDocument.Parse(result.Output).RootElement.GetProperty("count").GetInt32());
        Assert.Equal(one, File.ReadAllBytes(Path.Combine(Runs("two"), "adversarial.npz")));
        Assert.False(Directory.Exists(Path.Combine(Runs("two"), "parts")));
    }

    [MpiFact]
    public void Ranks_morph_rows_to_the_bytes_of_one()
    {
        const string Data = "synth:shapes?size=12&channels=1&count=1300&classes=4";
        string key = Path.Combine(_folder, "key"), password = Path.Combine(_folder, "password");
        File.WriteAllText(password, "correct horse");
        string[] secret = ["--data", Data, "--password-file", password];
        Assert.Equal(0, Tool.Run(["morph", "keygen", "--output", key, "--cores", "4", .. secret]).ExitCode);
        Assert.Equal(0, Tool.Run(["morph", "data", "--key", key, "--output", Runs("one"), .. secret]).ExitCode);
        ToolResult result = Mpi.Run(Mpi.Engines[^1], 2, ["morph", "data", "--key", key, "--output", Runs("two"), "--json", .. secret]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(1300, JsonDocument.Parse(result.Output).RootElement.GetProperty("train").GetInt32());
        AssertSameFiles(Runs("one"), Runs("two"), except: "manifest.sig");          // signatures are randomized
    }

    [MpiFact]
    public void Ranks_measure_and_compress_to_the_bytes_of_one()
    {
        const string Data = "synth:shapes?count=160&classes=4&size=28";
        string[] compress =
        [
            "compress", TrainedRun.Folder, "--data", Data, "--regularize-epochs", "1", "--tune-epochs", "1", "--trials", "1", "--structure", "channels", "--objective", "macs",
            "--max-accuracy-drop", "30", "--validation", "test:0.5", "--sensitivity", "--json",
        ];
        ToolResult one = Tool.Run([.. compress, "--output", Runs("one"), "--runs", Runs("runs-one")]);
        Assert.True(one.ExitCode == 0, one.Error);
        ToolResult two = Mpi.Run(Mpi.Engines[0], 2, [.. compress, "--output", Runs("two"), "--runs", Runs("runs-two")]);
        Assert.True(two.ExitCode == 0, two.Error);
        AssertSameFiles(Runs("one"), Runs("two"));
        foreach (string side in (string[])["before", "after"])
        {
            Assert.Equal(Accuracy(one, side), Accuracy(two, side));
        }

        string[] eval = ["eval", Runs("two"), "--data", Data, "--json"];
        Assert.Equal(Tool.Run(eval).Output, Mpi.Run(Mpi.Engines[^1], 2, eval).Output);

        static string Accuracy(ToolResult result, string side) =>
            JsonDocument.Parse(result.Output).RootElement.GetProperty(side).GetProperty("accuracy").GetRawText();
    }

    /// <summary>
    /// Growth with divided samples, and growth of a chain that is planned again after each step: the path is the same
    /// with every MPI implementation.
    /// </summary>
    [MpiFact]
    public void Ranks_grow_a_network_on_one_path()
    {
        Network chain = Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12, min: 0, max: 1), x => x
            .Flatten().Linear(48).Relu().Linear(48).Relu().Linear(48).Relu().Linear(3)).Initialize(RandomStream.FromSeed(4));
        string model = Path.Combine(_folder, "chain.safetensors");
        ModelFile.Save(chain, model);
        string[] common = ["--data", "synth:shapes?count=120&classes=3&size=12", "--interval", "1", "--window", "1", "--finish-epochs", "1", "--batch", "40", "--json"];
        string[] divided = ["grow", "--family", "basic3", "--widths", "2,4,8", "--plan", "data", "--max-macs", "40000", "--compare", .. common];
        string[] planned = ["grow", model, "--plan", "auto", "--max-parameters", "22000", .. common];
        (string Name, string Engine)[] runs = [("a", Mpi.Engines[0]), ("b", Mpi.Engines[^1])];
        foreach (string[] grow in (string[][])[divided, planned])
        {
            ToolResult[] found = [.. runs.Select(run => Mpi.Run(
                run.Engine, 2, [.. grow, "--output", Runs(run.Name), "--force", "--runs", Runs($"runs-{run.Name}")]))];
            Assert.All(found, result => Assert.True(result.ExitCode == 0, result.Error));
            AssertSameFiles(Runs("a"), Runs("b"));
            JsonElement path = JsonDocument.Parse(found[0].Output).RootElement.GetProperty("path");
            Assert.Contains(path.EnumerateArray(), step => step.GetProperty("event").GetString() is "grow");
        }

        ToolResult refused = Mpi.Run(Mpi.Engines[0], 2, [.. divided, "--shard-optimizer", "--runs", Runs("refused")]);
        Assert.Equal(2, refused.ExitCode);
        Assert.False(Directory.Exists(Runs("refused")));
    }

    private static void AssertSameFiles(string expected, string actual, string? except = null)
    {
        string[] names = [.. Directory.GetFiles(expected).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        Assert.NotEmpty(names);
        Assert.Equal(names, Directory.GetFiles(actual).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        foreach (string name in names.Where(name => !string.Equals(name, except, StringComparison.Ordinal)))
        {
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), name);
        }
    }

    [Fact]
    public void Commands_that_do_not_share_their_work_refuse_several_ranks()
    {
        var launched = new Dictionary<string, string?> { ["OMPI_COMM_WORLD_RANK"] = "1", ["OMPI_COMM_WORLD_SIZE"] = "2" };
        ToolResult result = Tool.RunWith(launched, "prune", "lenet-5", "--data", "synth:shapes");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("without mpirun", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--machine", "bus")]
    [InlineData("--latency", "5")]
    public void A_probe_on_several_ranks_measures_their_links(string flag, string value)
    {
        var launched = new Dictionary<string, string?> { ["OMPI_COMM_WORLD_RANK"] = "0", ["OMPI_COMM_WORLD_SIZE"] = "2" };
        ToolResult result = Tool.RunWith(launched, "plan", "lenet-5", "--accelerators", "2", "--probe", flag, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"plan: {flag} does not apply to --probe on several ranks", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_library_there_is_one_clear_line()
    {
        var launched = new Dictionary<string, string?>
        {
            ["TEMPER_MPI"] = "/nowhere/libmpi.so", ["OMPI_COMM_WORLD_RANK"] = "0", ["OMPI_COMM_WORLD_SIZE"] = "2",
        };
        foreach (string[] command in (string[][])[["doctor", "--mpi"], [.. Training, "--plan", "data", "--runs", Runs("none")]])
        {
            ToolResult result = Tool.RunWith(launched, command);
            Assert.Equal(5, result.ExitCode);
            Assert.Contains("openmpi-bin", result.Error, StringComparison.Ordinal);
            Assert.Single(result.Error.Trim().Split('\n'));
        }
    }

    [Fact]
    public void Ranks_without_a_plan_are_refused()
    {
        ToolResult result = Tool.RunWith(
            new Dictionary<string, string?> { ["OMPI_COMM_WORLD_RANK"] = "0", ["OMPI_COMM_WORLD_SIZE"] = "2" }, [.. Training, "--runs", Runs("none")]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--plan data", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Runs(string name) => Path.Combine(_folder, name);

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) * 1e-4));
    }

    private static string Copy(string folder, string target)
    {
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            string path = Path.Combine(target, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(file, path);
        }

        return target;
    }

    private double[] Losses(ToolResult result, string name)
    {
        Assert.True(result.ExitCode == 0, result.Error);
        return LossesIn(result, Directory.GetDirectories(Runs(name)).Single());
    }

    private static double[] LossesIn(ToolResult result, string folder)
    {
        Assert.True(result.ExitCode == 0, result.Error);
        string metrics = Path.Combine(folder, "metrics.jsonl");
        return [.. File.ReadAllLines(metrics).SelectMany(line => Values(JsonDocument.Parse(line).RootElement))];

        static double[] Values(JsonElement line) => [Find(line, "train/loss"), Find(line, "validation/loss")];

        static double Find(JsonElement line, string name) => line.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : line.GetProperty("values").GetProperty(name).GetDouble();
    }

    /// <summary>The launcher ends before the ranks that it stops; the first one holds the folder until its end.</summary>
    private static void WaitForOtherRanks(string folder)
    {
        string file = Path.Combine(folder, "lock");
        var clock = Stopwatch.StartNew();
        while (File.Exists(file))
        {
            try
            {
                File.OpenRead(file).Dispose();
                File.Delete(file);
            }
            catch (IOException) when (clock.Elapsed < TimeSpan.FromMinutes(2))
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Returns the process of rank 1, once the run has a checkpoint.</summary>
    private static Process WaitForRank(Process job, string runs)
    {
        var clock = Stopwatch.StartNew();
        while (!Directory.Exists(runs) || Directory.GetFiles(runs, "model.safetensors", SearchOption.AllDirectories).Length == 0)
        {
            Assert.False(job.HasExited, "the job has ended before its first checkpoint");
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "no checkpoint was written");
            Thread.Sleep(50);
        }

        foreach (string folder in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                // Reads the rank only from processes of this job.
                if (File.ReadAllText(Path.Combine(folder, "cmdline")).Contains(runs, StringComparison.Ordinal)
                    && File.ReadAllText(Path.Combine(folder, "environ")) is var variables
                    && (variables.Contains("OMPI_COMM_WORLD_RANK=1\0", StringComparison.Ordinal) || variables.Contains("PMI_RANK=1\0", StringComparison.Ordinal)))
                {
                    return Process.GetProcessById(int.Parse(Path.GetFileName(folder)));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The process has ended, or belongs to another user.
            }
        }

        throw new InvalidOperationException("rank 1 was not found");
    }
}
