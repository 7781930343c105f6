using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// An environment and a man in the middle as processes, and an agent that is aware of neither: a few lines on a socket,
/// without Temper's library.
/// </summary>
public sealed class BridgeTests : IDisposable
{
    private const int Usage = 2, InputOutput = 6, Numbers = 400;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_agent_of_any_kind_is_recorded_and_attacked()
    {
        using Process environment = Tool.Start([], "rl", "serve-env", "--env", "brick-break", "--sticky", "0");
        string address = (await environment.StandardOutput.ReadLineAsync())!["serving tcp://".Length..];

        // Recording: the bridge exits after the requested number of steps.
        using Process ear = Tool.Start([], "rl", "bridge", "--connect", address, "--output", _folder["log.npz"], "--steps", "120", "--threat", "sra", "--json");
        (List<float[]> clean, int replies) = Play(await Listening(ear), steps: 121);
        ToolResult heard = Tool.Finish(ear);
        Assert.True(heard.ExitCode == 0, heard.Error);
        Assert.Equal(120, replies);
        Assert.Equal(120, JsonDocument.Parse(heard.Output).RootElement.GetProperty("steps").GetInt32());
        Assert.Equal(0, Tool.Run("rl", "snoop", "--log", _folder["log.npz"], "--proxy", "action-imitator", "--epochs", "1", "--output", _folder["p.safetensors"]).ExitCode);

        // Attack: the observations of the same agent differ by at most epsilon.
        using Process attack = Tool.Start([], "rl", "bridge", "--connect", address, "--proxy", _folder["p.safetensors"], "--epsilon", "0.1", "--json");
        (List<float[]> seen, _) = Play(await Listening(attack), steps: 40);
        for (int step = 0; step < seen.Count; step++)
        {
            Assert.NotEqual(clean[step], seen[step]);
            Assert.All(clean[step].Zip(seen[step]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.1f + 1e-6f));
        }

        Stop(attack);
        Assert.True(JsonDocument.Parse(Tool.Finish(attack).Output).RootElement.GetProperty("attacked").GetInt64() >= 40);
        Stop(environment);
        Assert.Equal(0, Tool.Finish(environment).ExitCode);
    }

    /// <summary>
    /// OpenEnv over a .NET WebSocket: the agent runs in this process, environment and bridge in their own.
    /// </summary>
    [Fact]
    public async Task An_agent_of_OpenEnv_is_recorded_and_attacked()
    {
        using Process environment = Tool.Start([], "rl", "serve-env", "--env", "brick-break", "--sticky", "0", "--protocol", "openenv");
        string address = (await environment.StandardOutput.ReadLineAsync())!["serving http://".Length..];
        string[] bridge = ["rl", "bridge", "--protocol", "openenv", "--connect", address, "--bounds", "0,1", "--json"];
        using Process ear = Tool.Start([], [.. bridge, "--output", _folder["log.npz"], "--steps", "60", "--threat", "sa"]);
        (List<float[]> clean, int replies) = await PlayOpenEnv(await ListeningHttp(ear), steps: 61);
        ToolResult heard = Tool.Finish(ear);
        Assert.True(heard.ExitCode == 0, heard.Error);
        Assert.Equal(60, replies);
        Assert.Equal(60, JsonDocument.Parse(heard.Output).RootElement.GetProperty("steps").GetInt32());
        Assert.Equal(0, Tool.Run("rl", "snoop", "--log", _folder["log.npz"], "--proxy", "action-imitator", "--epochs", "1", "--output", _folder["p.safetensors"]).ExitCode);

        using Process attack = Tool.Start([], [.. bridge, "--proxy", _folder["p.safetensors"], "--epsilon", "0.1"]);
        (List<float[]> seen, _) = await PlayOpenEnv(await ListeningHttp(attack), steps: 20);
        Assert.Equal(21, seen.Count);
        for (int step = 0; step < seen.Count; step++)
        {
            Assert.NotEqual(clean[step], seen[step]);
            Assert.All(clean[step].Zip(seen[step]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.1f + 1e-6f));
        }

        Stop(attack);
        Assert.True(JsonDocument.Parse(Tool.Finish(attack).Output).RootElement.GetProperty("attacked").GetInt64() >= 20);
        Stop(environment);
        Assert.Equal(0, Tool.Finish(environment).ExitCode);
    }

    [Fact]
    public async Task An_attack_that_cannot_be_applied_is_told_to_agent_and_operator()
    {
        const string Why = "rl bridge: --precision uint8 needs observations from 0 to 1";
        using Process environment = Tool.Start([], "rl", "serve-env", "--env", "cartpole");
        string address = (await environment.StandardOutput.ReadLineAsync())!["serving tcp://".Length..];
        using Process attack = Tool.Start([], "rl", "bridge", "--connect", address, "--attack", "random-sign", "--precision", "uint8");
        using (TcpClient agent = Client(await Listening(attack)))
        {
            byte[] first = Read(agent.GetStream())!;
            Assert.Equal(5, first[0]);
            Assert.StartsWith(Why, Encoding.UTF8.GetString(first[1..]), StringComparison.Ordinal);
        }

        ToolResult refused = Tool.Finish(attack);
        Assert.Equal(Usage, refused.ExitCode);
        Assert.Contains(Why, refused.Error, StringComparison.Ordinal);
        Stop(environment);
        Assert.Equal(0, Tool.Finish(environment).ExitCode);
    }

    [Fact]
    public void What_cannot_be_bridged_is_refused()
    {
        Assert.Equal(Usage, Tool.Run("rl", "bridge", "--connect", "127.0.0.1:1").ExitCode);
        Assert.Equal(Usage, Tool.Run("rl", "bridge", "--connect", "nowhere", "--output", _folder["x.npz"]).ExitCode);
        Assert.Equal(Usage, Tool.Run("rl", "play", "--env", "ftp://127.0.0.1:1", "--agent", "random").ExitCode);
        Assert.Equal(InputOutput, Tool.Run("rl", "play", "--env", "tcp://127.0.0.1:1", "--agent", "random").ExitCode);
    }

    /// <summary>Returns the address that a bridge prints when it listens.</summary>
    private static async Task<string> Listening(Process bridge) => (await bridge.StandardError.ReadLineAsync())!["listening on tcp://".Length..];

    private static async Task<string> ListeningHttp(Process bridge) => (await bridge.StandardError.ReadLineAsync())!["listening on http://".Length..];

    /// <summary>
    /// Plays a fixed sequence of actions over a WebSocket; stops early if the bridge closes the connection. Returns the
    /// observations that the agent acts on, and the number of steps that got a reply.
    /// </summary>
    private static async Task<(List<float[]> Seen, int Replies)> PlayOpenEnv(string address, int steps)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{address}/ws"), limit.Token);
        (int seed, int replies) = (1, 0);
        var seen = new List<float[]> { Values(await Ask(Reset(seed))) };
        try
        {
            for (int step = 0; step < steps; step++)
            {
                JsonElement answer = await Ask($$$"""{"type":"step","data":{"action_id":{{{step * 7 % 3}}}}}""");
                replies++;
                seen.Add(Values(answer.GetProperty("done").GetBoolean() ? await Ask(Reset(++seed)) : answer));
            }
        }
        catch (WebSocketException)
        {
            // The bridge has recorded the requested steps.
        }

        return (seen, replies);

        static string Reset(int seed) => $$$"""{"type":"reset","data":{"seed":{{{seed}}}}}""";

        static float[] Values(JsonElement data) => [.. data.GetProperty("observation").GetProperty("values").EnumerateArray().Select(value => value.GetSingle())];

        async Task<JsonElement> Ask(string message)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            using var text = new MemoryStream();
            byte[] buffer = new byte[1 << 16];
            for (bool isWhole = false; !isWhole;)
            {
                WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, limit.Token);
                isWhole = part.EndOfMessage;
                text.Write(buffer, 0, part.Count);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    throw new WebSocketException("the bridge has closed");
                }
            }

            return JsonDocument.Parse(text.ToArray()).RootElement.GetProperty("data").Clone();
        }
    }

    private static void Stop(Process process)
    {
        using Process kill = Process.Start("kill", $"-TERM {process.Id}");
        kill.WaitForExit();
    }

    /// <summary>
    /// Plays a fixed sequence of actions; stops early if the bridge closes the connection. Returns the observations that
    /// the agent acts on, and the number of steps that got a reply.
    /// </summary>
    private static (List<float[]> Seen, int Replies) Play(string address, int steps)
    {
        using TcpClient client = Client(address);
        NetworkStream stream = client.GetStream();
        _ = Read(stream);
        ulong seed = 1;
        int replies = 0;
        var seen = new List<float[]> { Floats(Reset(stream, seed)!) };
        try
        {
            while (replies < steps && Step(stream, replies * 7 % 3) is { } answer)
            {
                replies++;
                if (answer[5] != 0 && (answer = Reset(stream, ++seed)) is null)
                {
                    break;
                }

                seen.Add(Floats(answer));
            }
        }
        catch (IOException)
        {
            // The bridge has recorded the requested steps.
        }

        return (seen, replies);
    }

    private static TcpClient Client(string address)
    {
        string[] parts = address.Split(':');
        return new TcpClient(parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)) { ReceiveTimeout = 60_000 };
    }

    private static byte[]? Step(NetworkStream stream, int action)
    {
        Write(stream, [3, (byte)action, 0, 0, 0]);
        return Read(stream);
    }

    private static byte[]? Reset(NetworkStream stream, ulong seed)
    {
        byte[] message = new byte[9];
        message[0] = 2;
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(1), seed);
        Write(stream, message);
        return Read(stream);
    }

    private static float[] Floats(byte[] message) => [.. Enumerable.Range(0, Numbers).Select(i => BinaryPrimitives.ReadSingleLittleEndian(message.AsSpan(6 + (4 * i))))];

    private static void Write(NetworkStream stream, byte[] message)
    {
        byte[] frame = new byte[4 + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, message.Length);
        message.CopyTo(frame, 4);
        stream.Write(frame);
    }

    private static byte[]? Read(NetworkStream stream)
    {
        byte[] length = new byte[4];
        if (stream.ReadAtLeast(length, 4, throwOnEndOfStream: false) < 4)
        {
            return null;
        }

        byte[] message = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        stream.ReadExactly(message);
        return message;
    }
}
