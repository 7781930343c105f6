using Temper.Formats;
using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Snooping.Tests;

public sealed class ProxyTests
{
    /// <summary>Least fraction of next frames that the future predictor must get entirely right.</summary>
    private const double FutureFidelity = 0.2;

    private const string Make = "train one with temper rl snoop, or save one with Proxy.Save in code";

    private static readonly ProxyOptions Quick = new() { Seed = 1, Epochs = 12, LearningRate = 3e-3f };

    /// <summary>
    /// Every task with the weakest threat model whose logs suffice for it, the number of passes, and the minimum
    /// fidelity on a game with a simple rule. The future predictor must get all 128 values of a frame right, which
    /// takes it more passes.
    /// </summary>
    public static TheoryData<string, ThreatModel, int, double> Tasks => new()
    {
        { "action-imitator", ThreatModel.SA, 12, 0.9 },
        { "value-assessor", ThreatModel.SR, 12, 0.3 },
        { "future-predictor", ThreatModel.S, 24, FutureFidelity },
        { "reward-predictor", ThreatModel.SR, 12, 0.7 },
        { "latent-imitator", ThreatModel.S, 12, 0.8 },
        { "several-heads", ThreatModel.SRA, 12, 0.9 },
        { "offline-q", ThreatModel.SRA, 12, 0.7 },
    };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_task_learns_from_the_weakest_log_that_it_takes(string name, ThreatModel threat, int epochs, double fidelity)
    {
        RelatedTask task = RelatedTasks.Find(name);
        Assert.Equal(threat, task.Needs);
        Proxy proxy = task.TrainOn(Streams.Catch(threat, 1200), Quick with { Epochs = epochs });
        Assert.Equal((name, threat, 1200), (proxy.Task, proxy.Threat, proxy.Steps));
        Assert.InRange(proxy.Fidelity, fidelity, 1);
    }

    /// <summary>Neither the previous frame nor the most frequent one reaches a quarter of the future predictor's floor.</summary>
    [Fact]
    public void The_floor_of_the_future_predictor_needs_learning()
    {
        IStateLog log = Streams.Catch(ThreatModel.S, 1200);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        (int same, int count) = (0, 0);
        for (int step = 0; step + 1 < log.Count; step++)
        {
            if (!log.IsFirst(step + 1))
            {
                string next = string.Join(',', log.Observation(step + 1).ToArray());
                seen[next] = seen.GetValueOrDefault(next) + 1;
                same += log.Observation(step).SequenceEqual(log.Observation(step + 1)) ? 1 : 0;
                count++;
            }
        }

        Assert.InRange((double)same / count, 0, FutureFidelity / 4);
        Assert.InRange((double)seen.Values.Max() / count, 0, FutureFidelity / 4);
    }

    [Theory]
    [InlineData("action-imitator", ThreatModel.SR)]
    [InlineData("value-assessor", ThreatModel.SA)]
    [InlineData("several-heads", ThreatModel.SA)]
    [InlineData("offline-q", ThreatModel.SR)]
    public void A_task_refuses_a_log_without_what_it_needs(string name, ThreatModel threat)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => RelatedTasks.Find(name).TrainOn(Streams.Catch(threat, 40), Quick));
        Assert.Contains($"recorded under {threat}", e.Message, StringComparison.Ordinal);
        Assert.EndsWith($"record under threat model {RelatedTasks.Find(name).Needs}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_tasks_are_in_the_table() => Assert.Equal(RelatedTasks.All.Select(task => task.Name).Order(), Tasks.Select(row => (string)((object[])row)[0]).Order());

    [Fact]
    public void The_object_that_is_steered_is_found_and_its_moves_are_the_actions()
    {
        var log = (IActionLog)Streams.Catch(ThreatModel.SA, 800);
        ControlledObject found = ControlledObject.Find(log)!;
        Assert.Equal("channel 0", found.Name);
        for (int step = 0; step < log.Count; step++)
        {
            if (found.Moves[step] is { } move)
            {
                Assert.Equal((0, log.Action(step) switch { 1 => -1, 2 => 1, _ => 0 }), move);
            }
        }
    }

    [Fact]
    public void Returns_are_sums_within_the_episode_and_the_last_one_is_left_out()
    {
        var recorder = new SnoopRecorder(new StreamInfo(Shape.Create(1), 1, 0, 1, 0, "test"), ThreatModel.SR, 5);
        foreach ((bool isFirst, float reward) in new[] { (true, 1f), (false, 0), (false, 2), (true, 5), (false, 7) })
        {
            recorder.Observe([0], isFirst);
            recorder.Act(0, reward);
        }

        (int[] steps, float[] values) = Returns.Discounted((IRewardLog)recorder.ToLog(), 0.5f);
        Assert.Equal([0, 1, 2], steps);
        Assert.Equal([1.5f, 1, 2], values[..3]);
    }

    [Fact]
    public void A_proxy_is_loaded_as_it_was_saved_and_other_files_are_refused()
    {
        string path = Path.Combine(Path.GetTempPath(), $"temper-{Guid.NewGuid():N}.safetensors");
        try
        {
            Proxy proxy = new ActionImitator().TrainOn(Streams.Catch(ThreatModel.SA, 200, frames: 2), Quick with { Epochs = 1 });
            proxy.Save(path);
            Proxy again = Proxy.Load(path);
            Assert.Equal(proxy with { Network = again.Network, Stream = again.Stream }, again);
            Assert.Equal(proxy.Stream.StackShape, again.Stream.StackShape);
            Tensor x = Tensor.Full(Shape.Create([2, .. proxy.Stream.StackShape]), 0.3f);
            Assert.Equal(proxy.Network.Forward(x).ToArray<float>(), again.Network.Forward(x).ToArray<float>());
            Formats.Models.ModelFile.Save(proxy.Network, path);
            Assert.EndsWith(Make, Assert.Throws<ModelFormatException>(() => Proxy.Load(path)).Message, StringComparison.Ordinal);
            new Formats.Safetensors.SafetensorsFile([new("w", Tensor.Zeros(Shape.Create(2)))], new Dictionary<string, string>(StringComparer.Ordinal)).Save(path);
            string bare = Assert.Throws<ModelFormatException>(() => Proxy.Load(path)).Message;
            Assert.Contains("got tensors without a graph", bare, StringComparison.Ordinal);
            Assert.EndsWith(Make, bare, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>200 steps are 25 episodes of 8 steps, and 2 of them are held out.</summary>
    [Fact]
    public void A_proxy_tells_what_it_was_measured_on()
    {
        Proxy several = new ActionImitator().TrainOn(Streams.Catch(ThreatModel.SA, 200), Quick with { Epochs = 1 });
        Assert.Equal((16, 2), (several.HeldOutSteps, several.HeldOutEpisodes));
        var recorder = new SnoopRecorder(new StreamInfo(Shape.Create(1), 1, 0, 1, 2, "test"), ThreatModel.SA, 50);
        for (int i = 0; i < 50; i++)
        {
            recorder.Observe([i % 2], isFirst: i == 0);
            recorder.Act(i % 2, 0);
        }

        Proxy only = new ActionImitator().TrainOn(recorder.ToLog(), Quick with { Epochs = 1 });
        Assert.Equal((5, 0), (only.HeldOutSteps, only.HeldOutEpisodes));
    }

    [Fact]
    public void A_proxy_file_from_before_held_out_steps_were_counted_is_loaded()
    {
        using var folder = new TemporaryFolder();
        string path = folder["proxy.safetensors"];
        new ActionImitator().TrainOn(Streams.Catch(ThreatModel.SA, 200), Quick with { Epochs = 1 }).Save(path);
        Network network = Formats.Models.ModelFile.Load(path);
        Formats.Models.ModelFile.Save(
            network.WithMetadata(network.Metadata.Where(entry => entry.Key is not "temper.proxy.held-out").ToDictionary(StringComparer.Ordinal)), path);
        Proxy old = Proxy.Load(path);
        Assert.Equal((0, 0, 200), (old.HeldOutSteps, old.HeldOutEpisodes, old.Steps));
    }

    /// <summary>
    /// An agent's own network was trained on no log; the network of a loaded proxy still has the metadata of its file.
    /// </summary>
    [Fact]
    public void A_proxy_without_a_threat_model_is_loaded_as_it_was_saved()
    {
        using var folder = new TemporaryFolder();
        string path = folder["proxy.safetensors"];
        Proxy trained = new ActionImitator().TrainOn(Streams.Catch(ThreatModel.SA, 200), Quick with { Epochs = 1 });
        (trained with { Threat = null }).Save(path);
        Assert.Null(Proxy.Load(path).Threat);
        trained.Save(path);
        Proxy loaded = Proxy.Load(path);
        Assert.Equal(ThreatModel.SA, loaded.Threat);
        (loaded with { Threat = null }).Save(path);
        Assert.Null(Proxy.Load(path).Threat);
    }

    /// <summary>Files written before the goal existed store the classes of rewards like those of actions.</summary>
    [Theory]
    [InlineData(ProxyGoal.Rewards)]
    [InlineData(ProxyGoal.Classes)]
    public void Kinds_of_rewards_are_not_taken_for_actions(ProxyGoal stored)
    {
        using var folder = new TemporaryFolder();
        IStateLog log = Streams.Catch(ThreatModel.SR, 200);
        Proxy trained = new RewardPredictor().TrainOn(log, Quick with { Epochs = 1 });
        Assert.Equal(ProxyGoal.Rewards, trained.Goal);
        (trained with { Goal = stored }).Save(folder["proxy.safetensors"]);
        Proxy loaded = Proxy.Load(folder["proxy.safetensors"]);
        Assert.Equal(ProxyGoal.Rewards, loaded.Goal);
        Assert.Throws<ArgumentException>(() => AttackTiming.Calibrate(TimingRule.LowMargin, 0.25, loaded, log));
        Assert.Throws<ArgumentException>(() => new ObservationAttacker(new GuidedFrame { Epsilon = 0.1 }, [loaded], log.Stream, RandomStream.FromSeed(1)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights()
    {
        Proxy Make() => new ActionImitator().TrainOn(Streams.Catch(ThreatModel.SA, 200), Quick with { Epochs = 1 });
        Tensor x = Tensor.Full(Shape.Create([1, .. Streams.Grid.StackShape]), 0.3f);
        Assert.Equal(Make().Network.Forward(x).ToArray<float>(), Make().Network.Forward(x).ToArray<float>());
    }

    [Fact]
    public void Every_task_refuses_a_log_without_steps()
    {
        IStateLog log = new SnoopRecorder(Streams.Grid, ThreatModel.SRA, 1).ToLog();
        foreach (RelatedTask task in RelatedTasks.All)
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => task.TrainOn(log, Quick));
            Assert.Equal($"{task.Name}: the log has no steps (got 0, expected 2 or more); record more", error.Message);
        }
    }

    [Fact]
    public void A_log_from_which_nothing_can_be_learned_is_refused()
    {
        var stream = new StreamInfo(Shape.Create(1), 1, 0, 1, 0, "test");
        var recorder = new SnoopRecorder(stream, ThreatModel.SRA, 20);
        for (int i = 0; i < 20; i++)
        {
            recorder.Observe([0.5f], isFirst: i % 5 == 0);
            recorder.Act(0, 0);
        }

        foreach (string name in new[] { "action-imitator", "value-assessor", "reward-predictor", "latent-imitator" })
        {
            Assert.Throws<ArgumentException>(() => RelatedTasks.Find(name).TrainOn(recorder.ToLog(), Quick));
        }
    }
}
