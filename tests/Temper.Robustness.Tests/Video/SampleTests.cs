using Temper.Testing;
using Temper.VideoSample;

namespace Temper.Robustness.Tests.Video;

/// <summary>Runs samples/Video as a process.</summary>
public sealed class SampleTests
{
    [Fact]
    public void Sample_runs_in_its_tiny_form()
    {
        string output = SampleProcess.Output(typeof(Program));
        Assert.Contains("flow of 3 clips", output);
        Assert.Matches(@"sparse +8/255: ", output);
    }
}
