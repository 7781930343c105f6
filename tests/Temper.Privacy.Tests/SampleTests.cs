using Temper.PrivacySample;
using Temper.Testing;

namespace Temper.Privacy.Tests;

/// <summary>Runs samples/Privacy as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        using var folder = new TemporaryFolder();
        string output = SampleProcess.Output(typeof(Program), folder.Path);
        Assert.Contains("BROKEN: anyone who gets this bundle", output, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.Path, "audit.html", SearchOption.AllDirectories));
    }
}
