using Temper.HardeningSample;
using Temper.Testing;

namespace Temper.Robustness.Tests.Feedback;

/// <summary>Runs samples/Hardening as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        Assert.Matches(@"kept round \d: ", output);
    }
}
