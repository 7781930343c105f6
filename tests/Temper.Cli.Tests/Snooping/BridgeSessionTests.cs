using System.Net;
using Temper.Cli.CommandLine;
using Temper.Cli.Snooping;
using Temper.Cli.Tests.Support;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;

namespace Temper.Cli.Tests.Snooping;

/// <summary>
/// How a bridge ends: over Temper's protocol (tcp) and over OpenEnv (ws, http), with the server, the bridge and the
/// agent in this process.
/// </summary>
public sealed class BridgeSessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("tcp")]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task The_reply_to_the_last_recorded_step_reaches_the_agent(string scheme)
    {
        var session = new BridgeSession(new BridgeSessionOptions { Recorded = ThreatModel.SA, Steps = 3 });
        await using Bridge bridge = await Bridge.StartAsync(scheme, session.Tap);
        IEnvironment agent = bridge.Connect();
        using var connection = (IDisposable)agent;
        float[] seen = new float[4], expected = new float[4];
        IEnvironment here = EnvironmentCatalog.Create("cartpole");
        agent.Reset(7, seen);
        here.Reset(7, expected);
        for (int step = 0; step < 3; step++)
        {
            agent.Step(step % 2, seen);
            here.Step(step % 2, expected);
            Assert.Equal(expected, seen);
        }

        await session.Ended.WaitAsync(Patience);
        Assert.Equal(3, session.Result()!.Count);
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task A_reply_that_is_due_is_sent_although_the_bridge_stops(string scheme)
    {
        Task? stopped = null;
        Bridge? bridge = null;
        bridge = await Bridge.StartAsync(scheme, new BridgeTap(_ => new Stopping(() => stopped ??= bridge!.StopAsync())));
        IEnvironment agent = bridge.Connect();
        using var connection = (IDisposable)agent;
        agent.Reset(7, []);
        agent.Step(0, []);                                     // throws if the bridge closes the connection instead of replying
        await stopped!.WaitAsync(Patience);
        await bridge.DisposeAsync();
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task An_attack_that_suits_no_stream_ends_the_bridge_and_is_told_to_the_agent(string scheme)
    {
        const string Why = "rl bridge: --precision uint8 needs observations from 0 to 1 (got no bounds); give --bounds 0,1 or --precision float32";
        var session = new BridgeSession(new BridgeSessionOptions { Attack = new RandomSign { Epsilon = 0.1, Precision = ChannelPrecision.UInt8 } });
        await using Bridge bridge = await Bridge.StartAsync(scheme, session.Tap);
        Assert.Contains(Why, Assert.Throws<BridgeException>(() => bridge.Connect()).Message, StringComparison.Ordinal);
        await session.Ended.WaitAsync(Patience);
        Assert.Equal(Why, Settings.Refusal(() => session.Result()));
    }

    [Fact]
    public async Task Numbers_as_actions_cannot_be_recorded()
    {
        var session = new BridgeSession(new BridgeSessionOptions { Recorded = ThreatModel.SA });
        await using Bridge bridge = await Bridge.StartAsync("tcp", session.Tap, "pendulum");
        Assert.Contains("continuous actions", Assert.Throws<BridgeException>(() => bridge.Connect()).Message, StringComparison.Ordinal);
        Assert.Contains("--threat s or sr", Settings.Refusal(() => session.Result()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bridge_that_no_agent_used_has_no_result()
    {
        Assert.Equal(ExitCode.Missing, CodeOf(new BridgeSessionOptions { Attack = new RandomSign { Epsilon = 0.1 } }));
        Assert.Equal(ExitCode.Missing, CodeOf(new BridgeSessionOptions { Recorded = ThreatModel.S }));

        static int CodeOf(BridgeSessionOptions options) => Assert.Throws<ToolException>(() => { _ = new BridgeSession(options).Result(); }).ExitCode;
    }

    /// <summary>A server of an environment, and a bridge in front of it.</summary>
    private sealed class Bridge(IAsyncDisposable server, IAsyncDisposable relay, Func<IEnvironment> connect) : IAsyncDisposable
    {
        private Task? _stopped;

        internal static async Task<Bridge> StartAsync(string scheme, BridgeTap tap, string game = "cartpole")
        {
            Func<IEnvironment> create = () => EnvironmentCatalog.Create(game);
            if (scheme is "tcp")
            {
                EnvironmentServer own = EnvironmentServer.Start(create, new BridgeListener());
                EnvironmentRelay ownRelay = EnvironmentRelay.Start(new BridgeListener(), Peer(own.EndPoint), tap);
                return new Bridge(own, ownRelay, () => RemoteEnvironment.Connect(Peer(ownRelay.EndPoint)));
            }

            OpenEnvServer open = await OpenEnvServer.StartAsync(create, new BridgeListener());
            OpenEnvRelay openRelay = await OpenEnvRelay.StartAsync(new BridgeListener(), open.Address, new OpenEnvFormat(), tap);
            return new Bridge(open, openRelay, () => OpenEnvEnvironment.Connect(new UriBuilder(openRelay.Address) { Scheme = scheme }.Uri));
        }

        internal IEnvironment Connect() => connect();

        /// <summary>Stops the bridge; may be called more than once.</summary>
        internal Task StopAsync() => _stopped ??= relay.DisposeAsync().AsTask();

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            await server.DisposeAsync();
        }

        private static DnsEndPoint Peer(IPEndPoint point) => new($"{point.Address}", point.Port);
    }

    /// <summary>Stops the bridge while an action is being passed.</summary>
    private sealed class Stopping(Action stop) : IObservationChannel
    {
        public void Observe(int slot, Span<float> observation, EpisodePosition position)
        {
            // Nothing to change.
        }

        public void Act(int slot, AgentAction action, StepOutcome outcome) => stop();
    }
}
