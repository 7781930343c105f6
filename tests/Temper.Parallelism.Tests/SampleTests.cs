using Temper.ParallelismSample;
using Temper.Testing;

namespace Temper.Parallelism.Tests;

/// <summary>Runs the sample in samples/Parallelism as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        using var folder = new TemporaryFolder();
        string output = SampleProcess.Output(typeof(Program), folder.Path);
        Assert.Matches(@"level 2: [012]{5}", output);
        Assert.Contains("data:image/svg+xml", File.ReadAllText(Path.Combine(folder.Path, "temper-plan.html")), StringComparison.Ordinal);
    }
}
