using Temper.Randomness;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Environments;

/// <summary>Contract of every environment in the catalog.</summary>
public sealed class EnvironmentContractTests
{
    public static TheoryData<string> Names => [.. EnvironmentCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_seed_and_actions_give_the_same_episode(string name)
    {
        Assert.Equal(Play(name, 5, 300), Play(name, 5, 300));
        Assert.NotEqual(Play(name, 5, 300), Play(name, 6, 300));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Observations_keep_to_shape_and_bounds(string name)
    {
        EnvironmentSpec spec = EnvironmentCatalog.Create(name).Spec;
        Assert.Equal(name, spec.Name);
        Assert.All(Play(name, 1, 400), value => Assert.True(float.IsFinite(value)));
        IEnvironment environment = EnvironmentCatalog.Create(name);
        float[] observation = new float[spec.ObservationShape.Count];
        var random = new EnvironmentRandom(2);
        environment.Reset(9, observation);
        for (int step = 0; step < 400; step++)
        {
            Assert.All(observation, value => Assert.InRange(value, spec.Minimum, spec.Maximum));
            if (Step(environment, random, observation).IsTerminated)
            {
                environment.Reset((ulong)step, observation);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Steps_allocate_nothing(string name)
    {
        IEnvironment environment = EnvironmentCatalog.Create(name);
        float[] observation = new float[environment.Spec.ObservationShape.Count];
        var random = new EnvironmentRandom(3);
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64);

        void Run()
        {
            environment.Reset(1, observation);
            for (int step = 0; step < 500; step++)
            {
                if (Step(environment, random, observation).IsTerminated)
                {
                    environment.Reset((ulong)step, observation);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_vector_truncates_at_the_limit_and_begins_anew(string name)
    {
        using var vector = new VectorEnvironment(() => EnvironmentCatalog.Create(name, new EnvironmentOptions { StepLimit = 4 }), 3, RandomStream.FromSeed(1));
        vector.Reset();
        var outcomes = new StepOutcome[3];
        float[] actions = new float[3];
        for (int step = 1; step <= 4; step++)
        {
            vector.Step(actions, outcomes);
            Assert.All(outcomes, outcome => Assert.True(outcome.IsTerminated || outcome.IsTruncated == (step == 4)));
        }

        Assert.All(vector.Finished, episode => Assert.InRange(episode.Steps, 1, 4));
    }

    [Fact]
    public void A_name_that_is_none_is_refused_with_the_names() =>
        Assert.Contains("cartpole", Assert.Throws<ArgumentException>(() => EnvironmentCatalog.Create("cart-pole")).Message, StringComparison.Ordinal);

    [Fact]
    public void Random_play_of_the_brick_game_scores_as_published()
    {
        // Published for six actions and sticky 0.1: 0.51 +- 0.005 over 20,000 episodes. The standard error here is
        // 0.005.
        IEnvironment environment = EnvironmentCatalog.Create("brick-break", new EnvironmentOptions { HasAllActions = true, Sticky = 0.1f });
        var random = new EnvironmentRandom(11);
        double sum = 0;
        const int Episodes = 20_000;
        for (int episode = 0; episode < Episodes; episode++)
        {
            environment.Reset((ulong)episode, []);
            StepOutcome outcome;
            do
            {
                outcome = environment.Step(random.Next(6), []);
                sum += outcome.Reward;
            }
            while (!outcome.IsTerminated);
        }

        Assert.InRange(sum / Episodes, 0.49, 0.53);
    }

    private static float[] Play(string name, ulong seed, int steps)
    {
        IEnvironment environment = EnvironmentCatalog.Create(name);
        float[] observation = new float[environment.Spec.ObservationShape.Count];
        var random = new EnvironmentRandom(seed);
        var seen = new List<float>();
        environment.Reset(seed, observation);
        for (int step = 0; step < steps; step++)
        {
            StepOutcome outcome = Step(environment, random, observation);
            seen.AddRange([outcome.Reward, outcome.IsTerminated ? 1 : 0, .. observation]);
            if (outcome.IsTerminated)
            {
                environment.Reset(seed + (ulong)step + 1, observation);
            }
        }

        return [.. seen];
    }

    private static StepOutcome Step(IEnvironment environment, EnvironmentRandom random, float[] observation)
    {
        ActionSpace space = environment.Spec.Actions;
        if (space.IsDiscrete)
        {
            return environment.Step(random.Next(space.Count), observation);
        }

        Span<float> torque = [space.Low + ((space.High - space.Low) * random.NextSingle())];
        return environment.Step(new AgentAction(torque), observation);
    }
}
