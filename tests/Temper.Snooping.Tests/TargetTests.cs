using Temper.Networks;
using Temper.Randomness;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using static Temper.Snooping.Tests.LinearProxies;

namespace Temper.Snooping.Tests;

/// <summary>Attacks toward a given action, and proxies made for other observations.</summary>
public sealed class TargetTests
{
    [Fact]
    public void A_step_goes_toward_the_action_that_is_named()
    {
        Near([0.8f, 0.2f], Toward(GradientSign.Fgsm(0.1), Linear(Pair), 1));
        Near([1.0f, 0.0f], Toward(GradientSign.Fgsm(0.1), Linear(Pair), 0));
        Near([0.8f, 0.2f], Toward(GradientSign.Pgd(0.1), Linear(Pair), 1));
        Near([1.0f, 0.0f], Toward(GradientSign.Fgsm(0.1), Linear(Pair, ProxyGoal.ClassesAndValue), 0));

        static float[] Toward(ObservationAttack attack, Proxy proxy, int action)
        {
            float[] observation = [0.9f, 0.1f];
            new ObservationAttacker(attack, [proxy], proxy.Stream, RandomStream.FromSeed(1)).PerturbToward(0, observation, isFirst: true, action);
            return observation;
        }
    }

    [Fact]
    public void Only_gradients_of_actions_lead_to_an_action()
    {
        Refused("random-sign: cannot move toward an action", new RandomSign { Epsilon = 0.1 }, ProxyGoal.Classes, 0);
        Refused("got proxies of Value", GradientSign.Fgsm(0.1), ProxyGoal.Value, 0);
        Refused("out of range (got 2, expected 0 to 1)", GradientSign.Fgsm(0.1), ProxyGoal.Classes, 2);
        Refused("out of range (got -1, expected 0 to 1)", GradientSign.Fgsm(0.1), ProxyGoal.ClassesAndValue, -1);

        static void Refused(string why, ObservationAttack attack, ProxyGoal goal, int action)
        {
            var attacker = new ObservationAttacker(attack, [Linear(Pair, goal)], Pair, RandomStream.FromSeed(1));
            float[] observation = [0.9f, 0.1f];
            Assert.Contains(why, Assert.Throws<ArgumentException>(() => attacker.PerturbToward(0, observation, isFirst: true, action)).Message, StringComparison.Ordinal);
            Assert.Equal([0.9f, 0.1f], observation);
        }
    }

    /// <summary>
    /// The network of other observations, x0 - 2 x1, sees the first two of three values and a zero in the place of a
    /// missing one; of stacked frames it sees the newest.
    /// </summary>
    [Fact]
    public void A_network_of_other_observations_sees_what_fits()
    {
        Network network = Linear(Pair).Network;
        StreamInfo three = Pair with { FrameShape = Shape.Create(3) }, one = Pair with { FrameShape = Shape.Create(1) };
        Assert.Equal(0.1f - (2 * 0.2f), Output(three, 0.1f, 0.2f, 0.7f), 1e-6f);
        Assert.Equal(0.1f, Output(one, 0.1f), 1e-6f);
        Assert.Equal(0.3f - (2 * 0.4f), Output(one with { Frames = 4 }, 0.1f, 0.2f, 0.3f, 0.4f), 1e-6f);
        Near([0.8f, 0.3f, 0.5f], Attack(GradientSign.Fgsm(0.1), Proxy.OfOtherObservations(network, "other game", three), 0.9f, 0.2f, 0.5f));
        Assert.Same(network, Proxy.OfOtherObservations(network, "other game", Pair).Network);
        var error = Assert.Throws<ArgumentException>(() => Proxy.OfOtherObservations(network, "other game", Streams.Grid));
        Assert.Contains("another number of axes", error.Message, StringComparison.Ordinal);

        float Output(StreamInfo stream, params float[] x) =>
            Proxy.OfOtherObservations(network, "other game", stream).Network.Forward([Tensor.From(x, [1, x.Length])], Pass.Evaluation)[0].AsSpan<float>()[0];
    }

    /// <summary>The gradients of probabilities vanish where the agent is sure, so its logits are attacked.</summary>
    [Fact]
    public void A_proxy_of_an_agent_that_ends_with_Softmax_uses_its_logits()
    {
        Network agent = Network.Build(InputSpec.Features(2), x => x.Linear(3).Softmax()).Initialize(RandomStream.FromSeed(1));
        Assert.DoesNotContain(Proxy.OfOtherObservations(agent, "other game", Pair).Network.Nodes, node => node.Operator is Softmax);
    }
}
