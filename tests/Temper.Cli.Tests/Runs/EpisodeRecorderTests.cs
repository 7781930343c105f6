using Temper.Cli.Snooping;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;

namespace Temper.Cli.Tests.Runs;

public sealed class EpisodeRecorderTests
{
    private static readonly StreamInfo Stream = new([1], 1, 0, 1, 3, "test");

    [Fact]
    public void Episodes_of_interleaved_streams_are_kept_apart()
    {
        int full = 0;
        var recorder = new EpisodeRecorder(Stream, ThreatModel.SRA, capacity: 100, () => full++);
        for (int step = 0; step < 3; step++)
        {
            foreach (int slot in new[] { 0, 1 })
            {
                recorder.Observe(slot, [(0.1f * step) + (0.5f * slot)], step == 0 ? EpisodePosition.First : EpisodePosition.Next);
            }

            recorder.Act(1, 2, 20 + step);
            recorder.Act(0, 1, 10 + step);
        }

        var log = (IFullLog)recorder.ToLog();
        Assert.Equal([10, 11, 12, 20, 21, 22], Enumerable.Range(0, log.Count).Select(step => (int)log.Reward(step)));
        Assert.Equal([true, false, false, true, false, false], Enumerable.Range(0, log.Count).Select(log.IsFirst));
        Assert.Equal(0.2f, log.Observation(2)[0]);
        Assert.Equal(0, full);
    }

    [Fact]
    public void It_ends_at_its_steps_and_leaves_out_what_nobody_answered()
    {
        int full = 0;
        var recorder = new EpisodeRecorder(Stream, ThreatModel.SA, capacity: 3, () => full++);
        recorder.Act(0, 1, 0);  // ignored: no observation precedes it
        for (int step = 0; step < 10; step++)
        {
            recorder.Observe(0, [0.1f], step % 2 == 0 ? EpisodePosition.First : EpisodePosition.Last);
            recorder.Act(0, 1, 0);
        }

        Assert.Equal((3, 3, 1), (recorder.ToLog().Count, recorder.Count, full));
    }
}
