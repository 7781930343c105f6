using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Runs;

/// <summary>A resumed run compares its result with the network that it started from, not with one that replaced it.</summary>
public sealed class StartingWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_resume_is_refused_if_the_network_has_other_weights_by_then()
    {
        ModelFile.Save(Made(1), _folder["net.safetensors"]);
        Assert.Equal(ExitCode.Success, Start());
        RunFolder run = RunFolder.Latest(_folder["runs"])!;
        Assert.Equal(ExitCode.Success, Resume(run));
        byte[] before = File.ReadAllBytes(run.PathOf("before.safetensors")), result = File.ReadAllBytes(run.ResultPath);
        ModelFile.Save(Made(2), _folder["net.safetensors"]);
        var error = Assert.Throws<ToolException>(() => Resume(run));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.StartsWith(
            $"prune: the weights of {_folder["net.safetensors"]} are not those that the run in {run.FullPath} started from (got digest ", error.Message,
            StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(run.PathOf("before.safetensors")));
        Assert.Equal(result, File.ReadAllBytes(run.ResultPath));
    }

    [Fact]
    public void A_run_of_an_older_version_is_resumed_without_a_record()
    {
        ModelFile.Save(Made(1), _folder["net.safetensors"]);
        Assert.Equal(ExitCode.Success, Start());
        RunFolder run = RunFolder.Latest(_folder["runs"])!;
        File.Delete(run.PathOf(StartingWeights.FileName));
        ModelFile.Save(Made(2), _folder["net.safetensors"]);
        Assert.Equal(ExitCode.Success, Resume(run));
    }

    /// <summary>The digest is one of values: neither the format of the file nor its texts matter.</summary>
    [Fact]
    public void The_digest_depends_on_the_values_only()
    {
        Network one = Made(1);
        ModelFile.Save(one.WithClassNames(["a", "b"]), _folder["folder"]);
        Assert.Equal(StartingWeights.Digest(one), StartingWeights.Digest(ModelFile.Load(_folder["folder"])));
        Assert.NotEqual(StartingWeights.Digest(one), StartingWeights.Digest(Made(2)));
    }

    private static Network Made(ulong seed) => Network
        .Build(InputSpec.Features(8), x => x.Linear(3, name: "fc1").Relu().Linear(2, name: "fc2")).Initialize(RandomStream.FromSeed(seed));

    private int Start() => Prune(new(StringComparer.Ordinal) { ["model"] = _folder["net.safetensors"], ["runs"] = _folder["runs"] });

    private static int Resume(RunFolder run) => Prune(new(StringComparer.Ordinal) { ["resume"] = run.FullPath }, run.ConfigPath);

    private static int Prune(Dictionary<string, string> flags, string? config = null)
    {
        flags["quiet"] = "true";
        var command = new PruneCommand();
        return command.Run(Settings.Context(command, flags, TimeProvider.System, config));
    }
}
