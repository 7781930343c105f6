using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Environments.Grids;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Environments;

/// <summary>Checks game rules against recorded episodes of the original games.</summary>
public sealed class TraceReplayTests
{
    private const string Folder = "rl-minatar-traces";

    [OutsideDataTheory(Folder)]
    [InlineData("brick-break", "breakout")]
    [InlineData("alien-rows", "space_invaders")]
    [InlineData("road-cross", "freeway")]
    [InlineData("treasure-dash", "asterix")]
    [InlineData("sub-hunt", "seaquest")]
    public void Every_recorded_step_agrees(string name, string file)
    {
        GridGame game = EnvironmentCatalog.Game(name)!;
        IReadOnlyList<RecordedEpisode> episodes = TraceReplay.Read(OutsideData.PathOf($"{Folder}/{file}.npz"), game);
        ReplayResult result = TraceReplay.Run(game, episodes);
        Assert.Null(result.Difference);
        Assert.Equal(episodes.Sum(episode => episode.Actions.Count), result.Steps);
    }

    [Fact]
    public void The_first_step_that_differs_is_named()
    {
        using var folder = new TemporaryFolder();
        Record(folder["trace.npz"], flip: 4);
        var game = new BrickBreak();
        ReplayResult result = TraceReplay.Run(game, TraceReplay.Read(folder["trace.npz"], game));
        Assert.Equal(("ep0", 3), (result.Difference!.Episode, result.Difference.Step));
        Assert.Contains("brick at row 3", result.Difference.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Own_play_replays_exactly()
    {
        using var folder = new TemporaryFolder();
        Record(folder["trace.npz"], flip: -1);
        var game = new BrickBreak();
        Assert.Null(TraceReplay.Run(game, TraceReplay.Read(folder["trace.npz"], game)).Difference);
    }

    [Fact]
    public void Damaged_traces_are_refused()
    {
        using var folder = new TemporaryFolder();
        Record(folder["trace.npz"], flip: -1);
        var other = Assert.Throws<InvalidDataException>(() => TraceReplay.Read(folder["trace.npz"], new RoadCross()));
        Assert.Contains("not those of", other.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("at byte", other.Message, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(folder["trace.npz"]);
        File.WriteAllBytes(folder["cut.npz"], bytes[..(bytes.Length / 2)]);
        Assert.Throws<ModelFormatException>(() => TraceReplay.Read(folder["cut.npz"], new BrickBreak()));
        NpzFile.Save(folder["empty.npz"], [KeyValuePair.Create("channels", Tensor.Scalar(4L))]);
        Assert.Throws<InvalidDataException>(() => TraceReplay.Read(folder["empty.npz"], new BrickBreak()));
    }

    /// <summary>
    /// Records an episode that always moves the paddle to the right, with one bit flipped in state
    /// <paramref name="flip"/>; -1: none.
    /// </summary>
    private static void Record(string path, int flip)
    {
        var environment = new GridEnvironment(new BrickBreak(), new EnvironmentOptions { Sticky = 0, HasAllActions = true });
        float[] observation = new float[400];
        var states = new List<byte>();
        List<byte> actions = [];
        List<float> rewards = [];
        List<bool> terminals = [];
        environment.Reset(3, observation);
        Pack();
        for (bool isOver = false; !isOver && actions.Count < 50;)
        {
            StepOutcome outcome = environment.Step(3, observation);
            actions.Add(3);
            rewards.Add(outcome.Reward);
            terminals.Add(isOver = outcome.IsTerminated);
            Pack();
        }

        NpzFile.Save(path,
        [
            KeyValuePair.Create("channels", Tensor.Scalar(4L)), KeyValuePair.Create("ep0.states_packed", Tensor.From(states.ToArray(), [actions.Count + 1, 50])),
            KeyValuePair.Create("ep0.actions", Tensor.From(actions.ToArray(), [actions.Count])), KeyValuePair.Create("ep0.rewards", Tensor.From(rewards.ToArray(), [actions.Count])),
            KeyValuePair.Create("ep0.terminals", Tensor.From(terminals.ToArray(), [actions.Count])),
        ]);

        void Pack()
        {
            byte[] packed = new byte[50];
            for (int i = 0; i < 400; i++)
            {
                packed[i / 8] |= observation[((i % 4) * 100) + (i / 4)] != 0 ? (byte)(0x80 >> (i % 8)) : (byte)0;
            }

            // The brick at row 3, column 9: bit (39 * 4) + 3.
            packed[159 / 8] ^= states.Count / 50 == flip ? (byte)(0x80 >> (159 % 8)) : (byte)0;
            states.AddRange(packed);
        }
    }
}
