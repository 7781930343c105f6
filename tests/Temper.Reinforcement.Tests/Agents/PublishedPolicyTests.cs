using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Agents trained with other frameworks: their logits and returns.</summary>
public sealed class PublishedPolicyTests
{
    private const string Grid = "rl-minatar-agents", Classic = "rl-classic-agents", Atari = "rl-atari-policies";

    [OutsideDataTheory(Grid)]
    [InlineData("Breakout", 4)]
    [InlineData("Freeway", 7)]
    public void Flax_logits_agree(string game, int channels)
    {
        IReadOnlyDictionary<string, Tensor> recorded = NpzFile.Load(OutsideData.PathOf($"{Grid}/{game}_ppo.io.npz"));
        byte[] bits = recorded["obs"].ToArray<byte>();
        float[] observations = new float[bits.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            int sample = i / (100 * channels), place = i % (100 * channels);
            observations[(sample * 100 * channels) + ((place % channels) * 100) + (place / channels)] = bits[i];
        }

        Policy policy = PolicyFile.Load(OutsideData.PathOf($"{Grid}/{game}_ppo.safetensors"));
        IReadOnlyList<Tensor> outputs = policy.Network.Forward([Tensor.From(observations, [16, channels, 10, 10])], Temper.Networks.Pass.Evaluation);
        Close(recorded["logits"], outputs[0], 2e-4f);
    }

    [OutsideDataFact(Atari)]
    public void Atari_logits_agree()
    {
        IReadOnlyDictionary<string, Tensor> recorded = NpzFile.Load(OutsideData.PathOf($"{Atari}/BreakoutNoFrameskip-v4_io.npz"));
        Policy policy = PolicyFile.Load(OutsideData.PathOf($"{Atari}/BreakoutNoFrameskip-v4_a2c.safetensors"));
        Tensor stacks = recorded["stacks_u8"].To(DType.Float32) / 255f;
        Close(recorded["logits"], policy.Network.Forward([stacks], Temper.Networks.Pass.Evaluation)[0], 2e-3f);
    }

    [OutsideDataTheory(Classic)]
    [InlineData("dqn_CartPole-v1_CartPole-v1", false)]
    [InlineData("a2c_CartPole-v1_CartPole-v1", false)]
    public void CartPole_agents_stand_for_500_steps(string file, bool isSampled)
    {
        Policy policy = PolicyFile.Load(OutsideData.PathOf($"{Classic}/{file}.safetensors"));
        IReadOnlyList<PlayedEpisode> played = EpisodePlayer.Play(
            policy, () => policy.CreateEnvironment("cartpole"), new PlayOptions { Episodes = 10, Seed = 3, IsSampled = isSampled });
        Assert.All(played, episode => Assert.Equal(500, episode.Return));
    }

    /// <summary>
    /// Recorded returns: 22 and 26 in the brick game, where only the initial side of the ball is random; 45 to 52 in
    /// the road game.
    /// </summary>
    [OutsideDataFact(Grid)]
    public void Grid_agents_reach_their_recorded_returns()
    {
        Policy bricks = PolicyFile.Load(OutsideData.PathOf($"{Grid}/Breakout_ppo.safetensors"));
        double[] returns = [.. EpisodePlayer.Play(bricks, () => bricks.CreateEnvironment("brick-break"), new PlayOptions { Episodes = 16, Seed = 1 }).Select(episode => episode.Return)];
        Assert.Equal([22, 26], returns.Distinct().Order());
        Policy road = PolicyFile.Load(OutsideData.PathOf($"{Grid}/Freeway_ppo.safetensors"));
        double mean = EpisodePlayer.Play(road, () => road.CreateEnvironment("road-cross"), new PlayOptions { Episodes = 8, Seed = 1 }).Average(episode => episode.Return);
        Assert.InRange(mean, 44, 54);
    }

    [OutsideDataFact(Grid, Classic, Atari)]
    public void Agents_of_other_environments_are_refused()
    {
        Policy cart = PolicyFile.Load(OutsideData.PathOf($"{Classic}/a2c_CartPole-v1_CartPole-v1.safetensors"));
        Assert.Contains("shape", Refused(cart, "brick-break"), StringComparison.Ordinal);
        Policy bricks = PolicyFile.Load(OutsideData.PathOf($"{Grid}/Breakout_ppo.safetensors"));
        Assert.Contains("another game", Refused(bricks, "treasure-dash"), StringComparison.Ordinal);
        Policy atari = PolicyFile.Load(OutsideData.PathOf($"{Atari}/BreakoutNoFrameskip-v4_a2c.safetensors"));
        Assert.Contains("shape", Refused(atari, "pixel-pong"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_no_layout_and_half_a_layout_are_refused()
    {
        using var folder = new TemporaryFolder();
        new SafetensorsFile([KeyValuePair.Create("weight", Tensor.Zeros([2, 2]))]).Save(folder["a.safetensors"]);
        Assert.Contains("no known layout", Assert.Throws<ModelFormatException>(() => PolicyFile.Load(folder["a.safetensors"])).Message, StringComparison.Ordinal);
        new SafetensorsFile([KeyValuePair.Create("q_net.q_net.0.weight", Tensor.Zeros([2, 4]))]).Save(folder["b.safetensors"]);
        Assert.Contains("q_net.q_net.0.bias is missing", Assert.Throws<ModelFormatException>(() => PolicyFile.Load(folder["b.safetensors"])).Message, StringComparison.Ordinal);
    }

    private static string Refused(Policy policy, string environment) => Assert.Throws<ArgumentException>(
        () => EpisodePlayer.Play(policy, () => policy.CreateEnvironment(environment), new PlayOptions { Episodes = 1 })).Message;

    private static void Close(Tensor expected, Tensor actual, float tolerance)
    {
        float[] a = expected.ToArray<float>(), b = actual.ToArray<float>();
        Assert.Equal(a.Length, b.Length);
        Assert.All(a.Zip(b), pair => Assert.InRange(pair.Second, pair.First - (tolerance * (1 + Math.Abs(pair.First))), pair.First + (tolerance * (1 + Math.Abs(pair.First)))));
    }
}
