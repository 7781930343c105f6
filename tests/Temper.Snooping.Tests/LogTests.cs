using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Tests;

public sealed class LogTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"temper-{Guid.NewGuid():N}.npz");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(ThreatModel.S, false, false)]
    [InlineData(ThreatModel.SR, false, true)]
    [InlineData(ThreatModel.SA, true, false)]
    [InlineData(ThreatModel.SRA, true, true)]
    public void A_log_shows_no_more_than_its_threat_model_reads(ThreatModel threat, bool hasActions, bool hasRewards)
    {
        SnoopLogFile.Save(Streams.Catch(threat, 40), _path);
        foreach (IStateLog log in new[] { Streams.Catch(threat, 40), SnoopLogFile.Load(_path) })
        {
            Assert.Equal((threat, 40), (log.Threat, log.Count));
            Assert.Equal((hasActions, hasRewards), (log is IActionLog, log is IRewardLog));
        }
    }

    [Fact]
    public void A_log_is_read_as_it_was_written()
    {
        var log = (IFullLog)Streams.Catch(ThreatModel.SRA, 50);
        SnoopLogFile.Save(log, _path);
        var again = (IFullLog)SnoopLogFile.Load(_path);
        Assert.Equal(log.Stream.FrameShape, again.Stream.FrameShape);
        Assert.Equal(log.Stream with { FrameShape = again.Stream.FrameShape }, again.Stream);
        for (int i = 0; i < log.Count; i++)
        {
            Assert.Equal(log.Observation(i).ToArray(), again.Observation(i).ToArray());
            Assert.Equal((log.IsFirst(i), log.Action(i), log.Reward(i)), (again.IsFirst(i), again.Action(i), again.Reward(i)));
        }
    }

    [Fact]
    public void Floats_that_are_no_bytes_survive()
    {
        var stream = new StreamInfo(Shape.Create(2), 1, float.NegativeInfinity, float.PositiveInfinity, 0, "numbers");
        var recorder = new SnoopRecorder(stream, ThreatModel.S, 1);
        recorder.Observe([-1.5f, 0.1f], isFirst: true);
        recorder.Act(0, 0);
        SnoopLogFile.Save(recorder.ToLog(), _path);
        Assert.Equal([-1.5f, 0.1f], SnoopLogFile.Load(_path).Observation(0).ToArray());
    }

    [Fact]
    public void Observations_without_an_action_are_not_kept()
    {
        var recorder = new SnoopRecorder(new StreamInfo(Shape.Create(1), 1, 0, 1, 0, "test"), ThreatModel.S, 2);
        recorder.Observe([0.1f], isFirst: true);
        recorder.Observe([0.2f], isFirst: true);
        recorder.Act(0, 0);
        recorder.Act(0, 0);
        Assert.Equal(1, recorder.Count);
        Assert.Equal(0.2f, recorder.ToLog().Observation(0)[0]);
        Assert.Throws<ArgumentException>(() => recorder.Observe([1, 2], isFirst: false));
    }

    [Fact]
    public void A_log_that_no_array_can_hold_is_refused_and_memory_grows_with_the_steps()
    {
        // Arrays have at most 2,147,483,591 elements (documented for .NET), which is 1,217,394 frames of 42 x 42.
        StreamInfo pixels = new(Shape.Create(1, 42, 42), 4, 0, 1, 3, "test");
        ArgumentException error = Assert.Throws<ArgumentException>(() => new SnoopRecorder(pixels, ThreatModel.S, 1_300_000));
        Assert.Contains("expected at most 1217394 steps); record fewer steps", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("--", error.Message, StringComparison.Ordinal);       // programs have no flags
        long before = GC.GetAllocatedBytesForCurrentThread();
        var recorder = new SnoopRecorder(pixels, ThreatModel.SRA, 1_217_394);
        recorder.Observe(new float[42 * 42], isFirst: true);
        recorder.Act(1, 0);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Equal(1, recorder.ToLog().Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_recorder_without_room_for_a_step_is_refused(int capacity)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new SnoopRecorder(Streams.Grid, ThreatModel.S, capacity));
        Assert.Contains($"got {capacity}, expected 1 or more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 3, 0f, "the action is out of range (got 3, expected 0 to 2)")]
    [InlineData(3, -1, 0f, "the action is out of range (got -1, expected 0 to 2)")]
    [InlineData(0, 2_000_000_000, 0f, "the action is out of range (got 2000000000, expected 0 to 1048575)")]
    [InlineData(3, 0, float.NaN, "the reward is not finite (got NaN")]
    [InlineData(3, 0, float.PositiveInfinity, "the reward is not finite (got Infinity")]
    public void A_recorder_refuses_signals_that_could_not_be_read_from_a_file(int actions, int action, float reward, string why)
    {
        StreamInfo stream = Streams.Grid with { Actions = actions };
        SnoopRecorder<IFullLog> recorder = SnoopRecorder.ForAll(stream, 1);
        float[] observation = new float[stream.FrameShape.Count];
        recorder.Observe(observation, isFirst: true);
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => recorder.Act(action, reward)).Message, StringComparison.Ordinal);
        observation[5] = float.NaN;
        Assert.Contains("got NaN at index 5", Assert.Throws<ArgumentException>(() => recorder.Observe(observation, isFirst: true)).Message, StringComparison.Ordinal);
        Assert.Equal(0, recorder.Count);
    }

    [Fact]
    public void A_log_without_steps_is_not_saved()
    {
        IStateLog log = new SnoopRecorder(Streams.Grid, ThreatModel.S, 1).ToLog();
        Assert.Contains("the log has no steps", Assert.Throws<ArgumentException>(() => SnoopLogFile.Save(log, _path)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_path));
    }

    /// <summary>The types of the four logs are checked by the compiler; their threat models are checked here.</summary>
    [Fact]
    public void A_typed_recorder_returns_the_log_of_its_threat_model()
    {
        IStateLog observations = Recorded(SnoopRecorder.ForObservations(Streams.Grid, 1)).ToLog();
        IRewardLog rewards = Recorded(SnoopRecorder.ForRewards(Streams.Grid, 1)).ToLog();
        IActionLog actions = Recorded(SnoopRecorder.ForActions(Streams.Grid, 1)).ToLog();
        IFullLog all = Recorded(SnoopRecorder.ForAll(Streams.Grid, 1)).ToLog();
        Assert.Equal([ThreatModel.S, ThreatModel.SR, ThreatModel.SA, ThreatModel.SRA], new[] { observations, rewards, actions, all }.Select(log => log.Threat));
        Assert.Equal((2, 0.5f, 2, 0.5f), (actions.Action(0), rewards.Reward(0), all.Action(0), all.Reward(0)));
    }

    /// <summary>Records one step with action 2 and reward 0.5.</summary>
    private static SnoopRecorder<TLog> Recorded<TLog>(SnoopRecorder<TLog> recorder)
        where TLog : class, IStateLog
    {
        recorder.Observe(new float[Streams.Grid.FrameShape.Count], isFirst: true);
        recorder.Act(2, 0.5f);
        return recorder;
    }

    [Fact]
    public void Damaged_logs_are_refused_with_a_message()
    {
        SnoopLogFile.Save(Streams.Catch(ThreatModel.SRA, 10), _path);
        byte[] bytes = File.ReadAllBytes(_path);
        for (int i = 0; i < 400; i++)
        {
            byte[] changed = [.. bytes];
            changed[i * 7919 % bytes.Length] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(_path, i % 5 == 0 ? changed[..(i * bytes.Length / 400)] : changed);
            try
            {
                IStateLog log = SnoopLogFile.Load(_path);
                Assert.True(log.Count > 0);
            }
            catch (ModelFormatException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    /// <summary>The archive is sound, but it is no log: both ways to record one are named.</summary>
    [Fact]
    public void Another_archive_is_refused_with_what_to_do()
    {
        NpzFile.Save(_path, [new("x_train", Tensor.Zeros(Shape.Create(2, 2)))]);
        var error = Assert.Throws<ModelFormatException>(() => SnoopLogFile.Load(_path));
        Assert.EndsWith("record it again with temper rl record, or SnoopRecorder in code", error.Message, StringComparison.Ordinal);
    }
}
