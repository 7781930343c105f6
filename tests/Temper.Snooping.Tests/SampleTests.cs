using Temper.SnoopingSample;
using Temper.Testing;

namespace Temper.Snooping.Tests;

/// <summary>Runs samples/Snooping as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        foreach (string line in (string[])["proxy: ", "clean play: ", "random sign noise of 0.1: ", "action imitator, FGSM of 0.1: ", "trained adversary: "])
        {
            Assert.Contains(line, output, StringComparison.Ordinal);
        }
    }
}
