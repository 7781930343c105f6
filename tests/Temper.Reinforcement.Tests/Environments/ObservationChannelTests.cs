using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Environments;

/// <summary>Channels between environment and agent.</summary>
public sealed class ObservationChannelTests
{
    [Fact]
    public void A_channel_sees_every_signal_in_order()
    {
        var recorder = new Recorder();
        IReadOnlyList<PlayedEpisode> played = Play(new ObservationChannels { Frame = recorder });
        Assert.Equal(played.Sum(episode => episode.Steps), recorder.Actions);
        Assert.Equal(played.Sum(episode => episode.Return), recorder.Rewards, 4);
        Assert.Equal((played.Count, played.Count), (recorder.First, recorder.Last));
        Assert.Equal(recorder.Actions + played.Count, recorder.Observations);
    }

    [Fact]
    public void A_frame_that_is_changed_stays_changed_in_the_stack()
    {
        var painter = new Painter();
        var seen = new Recorder();
        Play(new ObservationChannels { Frame = painter, Stack = seen });
        Assert.Equal(4 * 42 * 42, seen.Length);

        // The first pixel of each frame holds the frame's index; after a reset the stack contains the first frame four
        // times.
        Assert.All(seen.Corners, corners => Assert.True(
            corners.SequenceEqual(corners.Order()) && corners.Zip(corners.Skip(1)).All(pair => pair.Second - pair.First <= 1), string.Join(' ', corners)));
    }

    private static IReadOnlyList<PlayedEpisode> Play(ObservationChannels channels)
    {
        Func<IEnvironment> create = () => EnvironmentCatalog.Create("pixel-pong", new EnvironmentOptions { StepLimit = 12 });
        EnvironmentSpec spec = create().Spec;
        var policy = new Policy
        {
            Head = ActionHead.Categorical,
            Network = new AgentNetwork { Hidden = [4] }.ActorCritic(spec, spec.Frames, ActionHead.Categorical, Temper.Randomness.RandomStream.FromSeed(1)),
        };
        return EpisodePlayer.Play(policy, create, new PlayOptions { Episodes = 3, Seed = 1, Channels = channels });
    }

    private sealed class Recorder : IObservationChannel
    {
        internal int Observations { get; private set; }

        internal int Actions { get; private set; }

        internal int First { get; private set; }

        internal int Last { get; private set; }

        internal int Length { get; private set; }

        internal double Rewards { get; private set; }

        internal List<float[]> Corners { get; } = [];

        public void Observe(int slot, Span<float> observation, EpisodePosition place)
        {
            Observations++;
            First += place == EpisodePosition.First ? 1 : 0;
            Last += place == EpisodePosition.Last ? 1 : 0;
            Length = observation.Length;
            if (Length > 42 * 42)
            {
                Corners.Add([observation[0], observation[42 * 42], observation[2 * 42 * 42], observation[3 * 42 * 42]]);
            }
        }

        public void Act(int slot, AgentAction action, StepOutcome outcome)
        {
            Actions++;
            Rewards += outcome.Reward;
        }
    }

    private sealed class Painter : IObservationChannel
    {
        private readonly int[] _frames = new int[3];

        public void Observe(int slot, Span<float> observation, EpisodePosition place) =>
            observation[0] = _frames[slot] = place == EpisodePosition.First ? 0 : _frames[slot] + 1;

        public void Act(int slot, AgentAction action, StepOutcome outcome)
        {
            // Only the frames matter here.
        }
    }
}
