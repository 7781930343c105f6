using System.Net;
using System.Net.Sockets;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Bridges;

/// <summary>Temper's own protocol: server, client and relay.</summary>
public sealed class EnvironmentBridgeTests
{
    [Theory]
    [InlineData("brick-break")]
    [InlineData("cartpole")]
    public async Task What_comes_over_the_wire_is_what_happens_here(string name)
    {
        await using EnvironmentServer server = EnvironmentServer.Start(() => EnvironmentCatalog.Create(name), Wires.Listener);
        using RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint));
        IEnvironment here = EnvironmentCatalog.Create(name);
        Assert.Equal(here.Spec.ObservationShape, remote.Spec.ObservationShape);
        Assert.Equal((here.Spec.Minimum, here.Spec.Maximum, here.Spec.StepLimit, here.Spec.Actions.Count), (remote.Spec.Minimum, remote.Spec.Maximum, remote.Spec.StepLimit, remote.Spec.Actions.Count));
        Assert.Equal(Wires.Play(here), Wires.Play(remote));
    }

    [Fact]
    public async Task An_episode_does_not_depend_on_the_one_before_it()
    {
        static IEnvironment Create() => EnvironmentCatalog.Create("brick-break", new EnvironmentOptions { Sticky = 0.5f });
        await using EnvironmentServer server = EnvironmentServer.Start(Create, Wires.Listener);
        using RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint));
        float[] seen = new float[400], expected = new float[400];
        for (ulong seed = 1; seed <= 20; seed++)
        {
            IEnvironment fresh = Create();
            fresh.Reset(seed, expected);
            remote.Reset(seed, seen);
            for (int step = 0; step < 5; step++)            // the ball needs six steps to the last row
            {
                fresh.Step(1, expected);
                remote.Step(1, seen);
                Assert.Equal(expected, seen);
            }
        }
    }

    [Fact]
    public async Task Actions_that_are_numbers_come_over_too()
    {
        await using EnvironmentServer server = EnvironmentServer.Start(() => EnvironmentCatalog.Create("pendulum"), Wires.Listener);
        using RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint));
        IEnvironment here = EnvironmentCatalog.Create("pendulum");
        float[] a = new float[3], b = new float[3];
        here.Reset(1, a);
        remote.Reset(1, b);
        Assert.Equal(here.Step(new AgentAction([0.7f]), a), remote.Step(new AgentAction([0.7f]), b));
        Assert.Equal(a, b);
    }

    [Theory]
    [InlineData(float.NaN, 0f, "not finite")]
    [InlineData(0f, float.NaN, "NaN or infinity")]
    [InlineData(0f, float.NegativeInfinity, "NaN or infinity")]
    public void Values_that_are_not_finite_are_refused(float reward, float value, string why)
    {
        byte[] message = WireProtocol.ObservationOf([1, value], new StepOutcome(reward, IsTerminated: false));
        Assert.Contains(why, Assert.Throws<BridgeException>(() => WireProtocol.ReadObservation(message, new float[2], "peer")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Episodes_of_another_process_can_be_limited()
    {
        await using EnvironmentServer server = EnvironmentServer.Start(() => EnvironmentCatalog.Create("pendulum"), Wires.Listener);
        using RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint));
        var limited = new LimitedEnvironment(remote, 7);
        IReadOnlyList<PlayedEpisode> played = EpisodePlayer.Play(
            RandomPolicy.For(limited), () => limited, new PlayOptions { Episodes = 2, Slots = 1, IsSampled = true });
        Assert.All(played, episode => Assert.Equal((7, true), (episode.Steps, episode.IsTruncated)));
    }

    [Fact]
    public async Task A_relay_hears_everything_and_changes_what_the_agent_sees()
    {
        var channel = new Wires.Channel(added: 0.25f);
        var tap = new BridgeTap(_ => channel);
        await using EnvironmentServer server = EnvironmentServer.Start(Wires.Game, Wires.Listener);
        await using EnvironmentRelay relay = EnvironmentRelay.Start(Wires.Listener, Wires.Peer(server.EndPoint), tap);
        using RemoteEnvironment attacked = RemoteEnvironment.Connect(Wires.Peer(relay.EndPoint));
        float[] clean = new float[400], seen = new float[400];
        Wires.Game().Reset(7, clean);
        attacked.Reset(7, seen);
        Assert.Equal(clean.Select(value => value + 0.25f), seen);
        Assert.Equal(clean, channel.Heard);

        List<float> played = Wires.Play(attacked);
        Assert.Equal(60, channel.Acts.Count);
        Assert.Equal(Enumerable.Range(0, 60).Select(step => step * 7 % 3), channel.Acts.Select(act => act.Action));
        Assert.Equal(tap.Observations, channel.Indices.Count);
        Assert.Equal(channel.Indices.Count(place => place == EpisodePosition.Last), channel.Indices.Count(place => place == EpisodePosition.First) - 2);
        Assert.True(played.Count > 0);
    }

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "nothing", [0, 0, 0, 0] },
        { "more than is taken", [255, 255, 255, 255] },
        { "a length below zero", [0, 0, 0, 128, 3] },
        { "an unknown kind", Wires.Frame(77) },
        { "a step that is too short", Wires.Frame(3, 0) },
        { "a step before a reset", Wires.Frame(3, 0, 0, 0, 0) },
        { "a reset that is too long", Wires.Frame([2, .. new byte[80]]) },
        { "an action that does not exist", [.. Wires.Frame([2, .. new byte[8]]), .. Wires.Frame(3, 9, 0, 0, 0)] },
        { "an observation from an agent", Wires.Frame([4, .. new byte[1605]]) },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Malformed_messages_end_their_own_connection_alone(string what, byte[] bytes)
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        await using EnvironmentServer server = EnvironmentServer.Start(Wires.Game, Wires.Listener);
        await using EnvironmentRelay relay = EnvironmentRelay.Start(Wires.Listener, Wires.Peer(server.EndPoint), tap);
        using RemoteEnvironment other = RemoteEnvironment.Connect(Wires.Peer(relay.EndPoint));
        foreach (IPEndPoint point in new[] { server.EndPoint, relay.EndPoint })
        {
            using TcpClient client = Wires.Connect(point);
            Assert.NotNull(Wires.Read(client.GetStream()));
            client.GetStream().Write(bytes);
            while (Wires.Read(client.GetStream()) is not null)
            {
                // Skips the observation after the reset and the error message until the connection is closed.
            }
        }

        Wires.Until(() => relay.Connections == 1 && server.Connections == 1, $"connections are left after {what}");
        Assert.NotEmpty(Wires.Play(other, steps: 5));
    }

    [Fact]
    public async Task Half_open_slow_and_silent_peers_are_given_up()
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        await using EnvironmentServer server = EnvironmentServer.Start(Wires.Game, Wires.Impatient);
        await using EnvironmentRelay relay = EnvironmentRelay.Start(Wires.Impatient, Wires.Peer(server.EndPoint), tap);
        using TcpClient silent = Wires.Connect(server.EndPoint), half = Wires.Connect(server.EndPoint), behind = Wires.Connect(relay.EndPoint);

        // The server may have given the connection up before the first bytes arrive, and its answer to them would discard
        // a message that has not been read.
        Assert.NotNull(Wires.Read(half.GetStream()));
        half.GetStream().Write([9, 0, 0, 0, 2, 0]);
        behind.GetStream().Write([9, 0]);
        Assert.Null(Wires.Read(half.GetStream()));
        Wires.Until(() => server.Connections == 0 && relay.Connections == 0, "a peer that says nothing is still waited for");
    }

    [Fact]
    public async Task An_environment_that_does_not_answer_is_given_up()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var point = (IPEndPoint)mute.LocalEndpoint;
        Assert.Contains("within 0.2 s", Assert.Throws<BridgeException>(() => RemoteEnvironment.Connect(Wires.Peer(point), Wires.Impatient.Limits)).Message, StringComparison.Ordinal);
        await using EnvironmentRelay relay = EnvironmentRelay.Start(Wires.Impatient, Wires.Peer(point), new BridgeTap(_ => new Wires.Channel()));
        using TcpClient agent = Wires.Connect(relay.EndPoint);
        Assert.Null(Wires.Read(agent.GetStream()));
        mute.Stop();
        Assert.Throws<BridgeException>(() => RemoteEnvironment.Connect(Wires.Peer(point), Wires.Impatient.Limits));
    }

    [Fact]
    public async Task A_reply_that_is_late_is_not_taken_for_the_next_one()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        // Only the reply has a time limit here, not the connection.
        var limits = new BridgeLimits { FrameTimeout = TimeSpan.FromMilliseconds(200) };
        var connection = new FrameConnection(Wires.Connect((IPEndPoint)listener.LocalEndpoint), limits, "server");
        using var remote = new RemoteEnvironment(connection, Wires.Game().Spec);
        using TcpClient slow = await listener.AcceptTcpClientAsync();
        float[] seen = new float[400];
        Assert.Contains("within 0.2 s", Assert.Throws<BridgeException>(() => remote.Reset(1, seen)).Message, StringComparison.Ordinal);
        byte[] late = Wires.Frame(WireProtocol.ObservationOf([.. Enumerable.Repeat(1f, 400)], default));
        _ = Record.Exception(() => slow.GetStream().Write(late));   // the other side may already have closed the connection
        Assert.Contains("connect again", Assert.Throws<BridgeException>(() => remote.Reset(2, seen)).Message, StringComparison.Ordinal);
        Assert.All(seen, value => Assert.Equal(0f, value));
        remote.Dispose();
    }

    [Fact]
    public void A_hello_that_lies_is_refused()
    {
        foreach (string text in new[] { "", "{", "[]", "{\"protocol\":\"other\",\"version\":1}", Hello("[0]"), Hello("[2000000,2000000]"), Hello("[1,2,3,4,5]"), Hello("[3]").Replace("\"count\":2", "\"count\":-1", StringComparison.Ordinal) })
        {
            byte[] message = [WireProtocol.Hello, .. System.Text.Encoding.UTF8.GetBytes(text)];
            Assert.Throws<BridgeException>(() => WireProtocol.ReadHello(message, "test"));
        }

        Assert.Equal(3, WireProtocol.ReadHello([WireProtocol.Hello, .. System.Text.Encoding.UTF8.GetBytes(Hello("[3]"))], "test").ObservationShape.Count);

        static string Hello(string shape) => "{\"protocol\":\"temper-environment\",\"version\":1,\"name\":\"x\",\"shape\":" + shape + ",\"step_limit\":0,\"frames\":1,\"actions\":{\"count\":2}}";
    }

    [Fact]
    public async Task A_thousand_reconnects_leave_nothing()
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        await using EnvironmentServer server = EnvironmentServer.Start(Wires.Game, Wires.Listener);
        await using EnvironmentRelay relay = EnvironmentRelay.Start(Wires.Listener, Wires.Peer(server.EndPoint), tap);
        float[] seen = new float[400];
        int before = 0;
        for (int i = 0; i < 1000; i++)
        {
            using (RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(relay.EndPoint)))
            {
                remote.Reset((ulong)i, seen);
            }

            if (i == 50)
            {
                Wires.Until(() => server.Connections == 0 && relay.Connections == 0, "connections are left");
                before = Wires.Handles();
            }
        }

        Wires.Until(() => server.Connections == 0 && relay.Connections == 0, "connections are left");
        Assert.Equal(1000, tap.Observations);
        Assert.InRange(tap.Slots, 1, 64);
        Wires.Until(() => Wires.Handles() <= before + 40, "handles are left open");     // tests beside it may have some
    }

    [Fact]
    public async Task No_more_connections_than_are_allowed()
    {
        BridgeListener few = Wires.Listener with { Limits = Wires.Listener.Limits with { MaxConnections = 2 } };
        await using EnvironmentServer server = EnvironmentServer.Start(Wires.Game, few);
        using RemoteEnvironment a = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint)), b = RemoteEnvironment.Connect(Wires.Peer(server.EndPoint));
        Assert.Throws<BridgeException>(() => RemoteEnvironment.Connect(Wires.Peer(server.EndPoint)));
    }

    [Fact]
    public void Actions_of_another_length_are_another_format()
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        using BridgeTap.TapSlot first = tap.Open(Continuous(1));
        Assert.Contains("actions of 2 numbers", Assert.Throws<BridgeException>(() => tap.Open(Continuous(2))).Message, StringComparison.Ordinal);

        static EnvironmentSpec Continuous(int dimensions) => new() { Name = "arm", ObservationShape = [3], Actions = ActionSpace.Continuous(dimensions, -1, 1) };
    }

    [Fact]
    public void An_action_that_the_stream_does_not_have_is_refused()
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        using BridgeTap.TapSlot slot = tap.Open(new EnvironmentSpec { Name = "pair", ObservationShape = [1], Actions = ActionSpace.Discrete(2) });
        slot.Observe(new float[1], EpisodePosition.First);
        Assert.Contains("got 7, expected 0 to 1", Assert.Throws<BridgeException>(() => slot.Act(7, new StepOutcome(0, IsTerminated: false))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_of_another_format_is_refused()
    {
        var tap = new BridgeTap(_ => new Wires.Channel());
        await using EnvironmentServer one = EnvironmentServer.Start(Wires.Game, Wires.Listener), two = EnvironmentServer.Start(() => EnvironmentCatalog.Create("cartpole"), Wires.Listener);
        await using EnvironmentRelay first = EnvironmentRelay.Start(Wires.Listener, Wires.Peer(one.EndPoint), tap), second = EnvironmentRelay.Start(Wires.Listener, Wires.Peer(two.EndPoint), tap);
        using RemoteEnvironment remote = RemoteEnvironment.Connect(Wires.Peer(first.EndPoint));
        Assert.Throws<BridgeException>(() => RemoteEnvironment.Connect(Wires.Peer(second.EndPoint)));
    }
}
