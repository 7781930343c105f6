using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Tests.Bridges;

namespace Temper.Reinforcement.Tests.Environments;

/// <summary>Code that creates environments with a factory disposes each of them once, also after an error.</summary>
public sealed class OwnedEnvironmentTests
{
    [Theory]
    [InlineData(10, null, 10)]
    [InlineData(3, 1, 1)]
    [InlineData(50, null, 32)]
    public void A_player_creates_one_environment_per_slot_and_disposes_it(int episodes, int? slots, int expected)
    {
        var factory = new Factory("cartpole");
        EpisodePlayer.Play(
            RandomPolicy.For(EnvironmentCatalog.Create("cartpole")), factory.Create, new PlayOptions { Episodes = episodes, Slots = slots, IsSampled = true });
        factory.AssertAllDisposed(expected);
    }

    [Fact]
    public void A_player_disposes_after_an_error()
    {
        var factory = new Factory("cartpole");
        Policy other = RandomPolicy.For(EnvironmentCatalog.Create("acrobot"));
        Assert.Throws<ArgumentException>(() => EpisodePlayer.Play(other, factory.Create, new PlayOptions { Episodes = 2 }));
        factory.AssertAllDisposed(2);

        var broken = new Factory("cartpole") { FailAt = 3 };
        Policy policy = RandomPolicy.For(EnvironmentCatalog.Create("cartpole"));
        Assert.Throws<IOException>(() => EpisodePlayer.Play(policy, broken.Create, new PlayOptions { Episodes = 5 }));
        broken.AssertAllDisposed(2);
    }

    [Fact]
    public void A_limit_around_an_environment_disposes_it()
    {
        var factory = new Factory("cartpole");
        new LimitedEnvironment(new SkippingEnvironment(factory.Create(), 2), 7).Dispose();
        factory.AssertAllDisposed(1);
    }

    [Fact]
    public void A_vector_disposes_its_environments()
    {
        var factory = new Factory("cartpole");
        new VectorEnvironment(factory.Create, 3, RandomStream.FromSeed(1)).Dispose();
        factory.AssertAllDisposed(3);
    }

    [Theory]
    [InlineData("ppo")]
    [InlineData("dqn")]
    public void A_trainer_disposes_its_environments(string method)
    {
        var factory = new Factory("cartpole");
        AgentTrainingOptions options = AgentPresets.For(method, EnvironmentCatalog.Create("cartpole").Spec, 1) with { Environments = 3 };
        using (AgentTrainer trainer = AgentPresets.Trainer(factory.Create, options))
        {
            trainer.Update();
        }

        factory.AssertAllDisposed(3);
    }

    [Fact]
    public void A_trainer_that_is_refused_disposes_its_environments()
    {
        foreach (AgentTrainingOptions options in new AgentTrainingOptions[]
        {
            new DqnOptions { Seed = 1, Environments = 3 },
            OnPolicyOptions.Ppo(1) with { Environments = 3, Defense = new NoiseAugmentation { Epsilon = 0.1f } },
        })
        {
            var factory = new Factory("pendulum");
            Assert.Throws<ArgumentException>(() => AgentPresets.Trainer(factory.Create, options));
            factory.AssertAllDisposed(3);
        }
    }

    [Fact]
    public async Task A_server_disposes_the_environment_of_a_connection()
    {
        var factory = new Factory("cartpole");
        await using EnvironmentServer server = EnvironmentServer.Start(factory.Create, Wires.Listener);
        RemoteEnvironment.Connect(Wires.Peer(server.EndPoint)).Dispose();
        Wires.Until(() => factory.Disposed == 1, "the environment of a closed connection is left");
        Assert.Equal(1, factory.Created);
    }

    [Fact]
    public async Task An_OpenEnv_server_disposes_the_environments_of_its_sockets_and_its_own()
    {
        var factory = new Factory("cartpole");
        await using (OpenEnvServer server = await OpenEnvServer.StartAsync(factory.Create, Wires.Listener))
        {
            OpenEnvEnvironment.Connect(new UriBuilder(server.Address) { Scheme = "ws" }.Uri).Dispose();
            Wires.Until(() => factory.Disposed == 1, "the environment of a closed WebSocket is left");
        }

        factory.AssertAllDisposed(2);
    }

    [Fact]
    public async Task An_OpenEnv_server_that_cannot_start_disposes_its_environment()
    {
        var factory = new Factory("cartpole");
        await using OpenEnvServer first = await OpenEnvServer.StartAsync(Wires.Game, Wires.Listener);
        await Assert.ThrowsAsync<BridgeException>(() => OpenEnvServer.StartAsync(factory.Create, Wires.Listener with { Port = first.Address.Port }));
        factory.AssertAllDisposed(1);
    }

    /// <summary>Creates environments and counts those that are created and disposed.</summary>
    private sealed class Factory(string name)
    {
        private int _created, _disposed;

        /// <summary>Number of the environment that cannot be created, from 1; 0: none.</summary>
        internal int FailAt { get; init; }

        internal int Created => Volatile.Read(ref _created);

        internal int Disposed => Volatile.Read(ref _disposed);

        internal IEnvironment Create()
        {
            if (Created + 1 == FailAt)
            {
                throw new IOException("no more environments");
            }

            Interlocked.Increment(ref _created);
            return new Counted(EnvironmentCatalog.Create(name), this);
        }

        internal void AssertAllDisposed(int expected) => Assert.Equal((expected, expected), (Created, Disposed));

        private sealed class Counted(IEnvironment inner, Factory factory) : IEnvironment, IDisposable
        {
            public EnvironmentSpec Spec => inner.Spec;

            public void Reset(ulong seed, Span<float> observation) => inner.Reset(seed, observation);

            public StepOutcome Step(AgentAction action, Span<float> observation) => inner.Step(action, observation);

            public void Dispose() => Interlocked.Increment(ref factory._disposed);
        }
    }
}
