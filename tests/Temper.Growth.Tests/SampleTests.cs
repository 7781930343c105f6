using Temper.GrowthSample;
using Temper.Testing;

namespace Temper.Growth.Tests;

/// <summary>Runs samples/Growth as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        Assert.Matches(@"found \d+-\d+-\d+: ", output);
    }
}
