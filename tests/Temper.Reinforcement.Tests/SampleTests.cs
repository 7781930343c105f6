using Temper.ReinforcementSample;
using Temper.Testing;

namespace Temper.Reinforcement.Tests;

/// <summary>Runs samples/Reinforcement as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        Assert.Matches(@"mean return 0\.9\d in fresh episodes", output);
    }
}
