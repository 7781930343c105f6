using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Bridges;

/// <summary>
/// Bridge to Godot RL Agents, where the trainer listens and games connect. Messages are literals, as its trainer and
/// its plugin send them.
/// </summary>
public sealed class GodotTests
{
    private const string Info = """{"type":"env_info","observation_space":[{"obs":{"size":[3],"space":"box"}}],"action_space":[{"move":{"size":2,"action_type":"discrete"}}],"n_agents":1,"agent_policy_names":["shared_policy"]}""";

    [Fact]
    public async Task An_environment_plays_a_game_for_a_trainer()
    {
        (Task<long> game, Action<IPEndPoint> opened) = Begin(address => GodotGame.RunAsync(EnvironmentCatalog.Create("cartpole"), Wires.Peer(address), seed: 5));
        using (GodotEnvironment remote = GodotEnvironment.Listen(Wires.Listener, opened))
        {
            Assert.Equal(4, remote.Spec.ObservationShape.Count);
            float[] seen = new float[4], expected = new float[4];
            IEnvironment here = EnvironmentCatalog.Create("cartpole");
            remote.Reset(99, seen);
            here.Reset(5, expected);
            Assert.Equal(expected, seen);
            for (bool isOver = false; !isOver;)
            {
                StepOutcome outcome = here.Step(1, expected);
                Assert.Equal(outcome, remote.Step(1, seen));
                isOver = outcome.IsOver;
            }

            here.Reset(6, expected);
            Assert.Equal(expected, seen);                            // the next episode has begun
        }

        Assert.InRange(await game, 5, 500);
    }

    [Fact]
    public async Task A_game_of_the_plugin_is_recorded_and_attacked()
    {
        var channel = new Wires.Channel(added: 0.5f);
        using var trainer = new TcpListener(IPAddress.Loopback, 0);
        trainer.Start();
        GodotRelay relay = GodotRelay.Start(Wires.Listener, Wires.Peer((IPEndPoint)trainer.LocalEndpoint), new BridgeTap(_ => channel));
        using TcpClient game = Wires.Connect(relay.EndPoint), server = trainer.AcceptTcpClient();
        Assert.Equal("handshake", Passes("""{"type":"handshake","major_version":"0","minor_version":"7"}""")["type"]!.GetValue<string>());
        Passes("""{"type":"env_info"}""");
        Assert.Equal(Info, Answers(Info).ToJsonString());
        Passes("""{"type":"reset"}""");
        Assert.Equal("""{"type":"reset","obs":[{"obs":[0.5,1.5,2.5]}]}""", Answers("""{"type":"reset","obs":[{"obs":[0,1,2]}]}""").ToJsonString());
        Passes("""{"type":"action","action":[{"move":1}]}""");
        Assert.Equal("""{"type":"step","obs":[{"obs":[3.5,4.5,5.5]}],"reward":[2],"done":[false]}""", Answers("""{"type":"step","obs":[{"obs":[3,4,5]}],"reward":[2],"done":[false]}""").ToJsonString());
        Passes("""{"type":"call","method":"f"}""");
        Answers("""{"type":"call","returns":[1]}""");
        Passes("""{"type":"close"}""");
        Wires.Until(() => relay.Connections == 0, "the relay waits after the end");
        Assert.Equal([(0, 1, 2f)], channel.Acts);
        Assert.Equal([0, 1, 2, 3, 4, 5], channel.Heard);
        Assert.Equal([EpisodePosition.First, EpisodePosition.Next], channel.Indices);
        await relay.DisposeAsync();

        JsonObject Passes(string message) => Sent(server, game, message);
        JsonObject Answers(string message) => Sent(game, server, message);
    }

    [Theory]
    [InlineData("0080ff", new[] { 0f, 128 / 255f, 1f })]
    [InlineData("003c0038003c", new[] { 1f, 0.5f, 1f })]
    public void Pictures_are_hexadecimal_text(string hex, float[] expected)
    {
        var space = new GodotSpace(JsonNode.Parse(Info.Replace("\"obs\":{", "\"camera_2d\":{", StringComparison.Ordinal))!.AsObject(), 0);
        JsonNode message = JsonNode.Parse("{\"camera_2d\":\"" + hex + "\"}")!;
        float[] numbers = new float[3];
        space.Read(message, numbers);
        Assert.Equal(expected, numbers);
        space.Write(message, numbers);
        Assert.Equal(hex, message["camera_2d"]!.GetValue<string>());
        Assert.Throws<BridgeException>(() => space.Read(JsonNode.Parse("""{"camera_2d":"00"}""")!, numbers));
        Assert.Throws<BridgeException>(() => space.Read(JsonNode.Parse("""{"camera_2d":"zzzzzz"}""")!, numbers));
    }

    [Theory]
    [InlineData("[0,1,1e39]")]
    [InlineData("\"003c0038007e\"")]
    public void Observations_that_are_not_finite_are_refused(string value)
    {
        var space = new GodotSpace(JsonNode.Parse(Info)!.AsObject(), 0);
        JsonNode message = JsonNode.Parse("{\"obs\":" + value + "}")!;
        var error = Assert.Throws<BridgeException>(() => space.Read(new JsonObject { ["obs"] = message }, new float[3]));
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.5", 2.5f)]
    [InlineData("true", 1f)]
    [InlineData("null", 0f)]
    public void Rewards_are_numbers(string json, float expected) => Assert.Equal(expected, JsonNumbers.Number(JsonNode.Parse(json)));

    [Theory]
    [InlineData("\"abc\"")]
    [InlineData("1e39")]
    [InlineData("[1]")]
    public void Rewards_that_are_no_numbers_are_refused(string json) => Assert.Throws<BridgeException>(() => JsonNumbers.Number(JsonNode.Parse(json)));

    [Fact]
    public void Spaces_of_older_games_are_one_object()
    {
        string old = Info.Replace("[{\"obs\":{", "{\"obs\":{", StringComparison.Ordinal).Replace("}}],\"action", "}},\"action", StringComparison.Ordinal)
            .Replace("[{\"move\"", "{\"move\"", StringComparison.Ordinal).Replace("}}],\"n_", "}},\"n_", StringComparison.Ordinal);
        Assert.Equal(3, new GodotSpace(JsonNode.Parse(old)!.AsObject(), 0).Spec.ObservationShape.Count);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"n_agents":0}""")]
    [InlineData("""{"n_agents":1,"observation_space":[{"obs":{"size":[-3]}}],"action_space":[{"move":{"size":2,"action_type":"discrete"}}]}""")]
    [InlineData("""{"n_agents":1,"observation_space":[{"obs":{"size":[9999999,9999999]}}],"action_space":[{"move":{"size":2,"action_type":"discrete"}}]}""")]
    [InlineData("""{"n_agents":1,"observation_space":[{"obs":{"size":[3]}}],"action_space":[{"move":{"size":2,"action_type":"jump"}}]}""")]
    public async Task A_game_that_says_nonsense_is_given_up(string info)
    {
        (Task<int> game, Action<IPEndPoint> opened) = Begin(async address =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address);
            await client.GetStream().WriteAsync(Wires.Frame(Encoding.UTF8.GetBytes("{\"type\":\"env_info\"," + info[1..].Insert(0, info.Length > 2 ? "" : "\"x\":1"))));
            _ = Wires.Read(client.GetStream());
            return Wires.Read(client.GetStream())?.Length ?? 0;
        });
        Assert.Throws<BridgeException>(() => GodotEnvironment.Listen(Wires.Listener, opened));
        await game.WaitAsync(Wires.Patience);
    }

    [Fact]
    public async Task After_an_error_no_later_reply_is_read()
    {
        (Task<TcpClient> connects, Action<IPEndPoint> opened) = Begin(async address =>
        {
            var client = new TcpClient();
            await client.ConnectAsync(address);
            await client.GetStream().WriteAsync(Wires.Frame(Encoding.UTF8.GetBytes(Info)));
            return client;
        });
        using GodotEnvironment remote = GodotEnvironment.Listen(Wires.Listener, opened);
        using TcpClient game = await connects;
        foreach (string reply in new[] { """{"type":"call","returns":[1]}""", """{"type":"reset","obs":[{"obs":[7,8,9]}]}""" })
        {
            game.GetStream().Write(Wires.Frame(Encoding.UTF8.GetBytes(reply)));
        }

        float[] seen = new float[3];
        Assert.Contains("unexpected reply", Assert.Throws<BridgeException>(() => remote.Reset(1, seen)).Message, StringComparison.Ordinal);
        Assert.Contains("connect again", Assert.Throws<BridgeException>(() => remote.Reset(2, seen)).Message, StringComparison.Ordinal);
        Assert.All(seen, value => Assert.Equal(0f, value));
        remote.Dispose();
    }

    [Fact]
    public void No_game_comes() => Assert.Contains("no game", Assert.Throws<BridgeException>(() => GodotEnvironment.Listen(Wires.Impatient)).Message, StringComparison.Ordinal);

    private static JsonObject Sent(TcpClient from, TcpClient to, string message)
    {
        from.GetStream().Write(Wires.Frame(Encoding.UTF8.GetBytes(message)));
        return JsonNode.Parse(Wires.Read(to.GetStream())!)!.AsObject();
    }

    /// <summary>
    /// Begins a game that waits for the address of its trainer, on another thread: the test's own waits for the game.
    /// </summary>
    private static (Task<T> Game, Action<IPEndPoint> Opened) Begin<T>(Func<IPEndPoint, Task<T>> play)
    {
        var address = new TaskCompletionSource<IPEndPoint>(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Task.Run(async () => await play(await address.Task)), address.SetResult);
    }
}
