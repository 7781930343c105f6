using Temper.AttacksSample;
using Temper.Testing;

namespace Temper.Robustness.Tests;

/// <summary>Runs samples/Attacks as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        Assert.Matches("autoattack +L-inf 0.1: ", output);
        Assert.Contains("verdict: ", output, StringComparison.Ordinal);
    }
}
