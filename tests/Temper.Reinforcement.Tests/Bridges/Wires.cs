using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Tests.Bridges;

/// <summary>
/// Helpers for the bridge tests: time limits, an agent with a fixed sequence of actions, and a channel that
/// records and changes observations.
/// </summary>
internal static class Wires
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    internal static BridgeListener Listener { get; } = new() { Limits = new BridgeLimits { FrameTimeout = Patience, IdleTimeout = Patience } };

    /// <summary>Listener that soon disconnects slow and silent peers.</summary>
    internal static BridgeListener Impatient { get; } = new()
    {
        Limits = new BridgeLimits { FrameTimeout = TimeSpan.FromMilliseconds(200), IdleTimeout = TimeSpan.FromMilliseconds(400), MaxFrameBytes = 4096 },
    };

    internal static IEnvironment Game() => EnvironmentCatalog.Create("brick-break");

    internal static DnsEndPoint Peer(IPEndPoint point) => new($"{point.Address}", point.Port);

    internal static DnsEndPoint Peer(Uri address) => new(address.Host, address.Port);

    /// <summary>
    /// Returns all observations, rewards and end flags of some steps, with a reset after each end of an episode.
    /// </summary>
    internal static List<float> Play(IEnvironment environment, int steps = 60, bool begins = true)
    {
        var heard = new List<float>();
        float[] seen = new float[environment.Spec.ObservationShape.Count];
        ulong seed = 7;
        if (begins)
        {
            environment.Carried = 0;
            environment.Reset(seed, seen);
        }

        for (int step = 0; step < steps; step++)
        {
            heard.AddRange(seen);
            StepOutcome outcome = environment.Step(step * 7 % Math.Min(3, environment.Spec.Actions.Count), seen);
            heard.AddRange([outcome.Reward, outcome.IsTerminated ? 1 : 0, outcome.IsTruncated ? 1 : 0]);
            if (outcome.IsOver)
            {
                environment.Carried = 0;
                environment.Reset(++seed, seen);
            }
        }

        return heard;
    }

    internal static TcpClient Connect(IPEndPoint point)
    {
        var client = new TcpClient();
        client.Connect(point);
        client.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        return client;
    }

    internal static byte[] Frame(params byte[] message)
    {
        byte[] frame = new byte[sizeof(uint) + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, message.Length);
        message.CopyTo(frame, sizeof(uint));
        return frame;
    }

    /// <summary>Reads a message; returns null if the peer has closed the connection.</summary>
    internal static byte[]? Read(Stream stream)
    {
        try
        {
            byte[] length = new byte[sizeof(uint)];
            if (stream.ReadAtLeast(length, length.Length, throwOnEndOfStream: false) < length.Length)
            {
                return null;
            }

            byte[] message = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            stream.ReadExactly(message);
            return message;
        }
        catch (IOException error) when (error.InnerException is not SocketException { SocketErrorCode: SocketError.TimedOut })
        {
            return null;
        }
    }

    internal static void Until(Func<bool> holds, string what) => Assert.True(SpinWait.SpinUntil(holds, Patience), what);

    /// <summary>Returns the number of open handles of this process; 0 where they cannot be counted.</summary>
    internal static int Handles() => Directory.Exists("/proc/self/fd") ? Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() : 0;

    /// <summary>Records observations and actions, and adds a constant to every observed value.</summary>
    internal sealed class Channel(float added = 0) : IObservationChannel
    {
        internal List<float> Heard { get; } = [];

        internal List<EpisodePosition> Indices { get; } = [];

        internal List<(int Slot, int Action, float Reward)> Acts { get; } = [];

        public void Observe(int slot, Span<float> observation, EpisodePosition place)
        {
            Indices.Add(place);
            Heard.AddRange(observation);
            foreach (ref float value in observation)
            {
                value += added;
            }
        }

        public void Act(int slot, AgentAction action, StepOutcome outcome) => Acts.Add((slot, action.Index, outcome.Reward));
    }
}
