using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Encodes and decodes the messages of Temper's own protocol. Each message is one byte for its type, followed by its
/// content, little-endian. The environment first sends hello (JSON), or an error, and then replies to each reset
/// (seed, uint64) and step (int32 index, or float32 numbers) with an observation: reward (float32), flags (uint8: 1
/// terminated, 2 truncated) and the observed values (float32).
/// </summary>
internal static class WireProtocol
{
    internal const byte Hello = 1, Reset = 2, Step = 3, Observation = 4, Error = 5, Close = 6;
    internal const int ObservationHead = 1 + sizeof(float) + 1;
    private const string Name = "temper-environment";
    private const int Version = 1, Terminated = 1, Truncated = 2, MaxNumbers = 1 << 24, MaxName = 200;

    internal static byte[] HelloOf(EnvironmentSpec spec) => Text(Hello, new JsonObject
    {
        ["protocol"] = Name, ["version"] = Version, ["name"] = spec.Name,
        ["shape"] = new JsonArray([.. spec.ObservationShape.Select(axis => (JsonNode)axis)]),
        ["minimum"] = Bound(spec.Minimum), ["maximum"] = Bound(spec.Maximum), ["step_limit"] = spec.StepLimit,
        ["frames"] = spec.Frames,
        ["actions"] = spec.Actions.IsDiscrete
            ? new JsonObject { ["count"] = spec.Actions.Count }
            : new JsonObject
            {
                ["dimensions"] = spec.Actions.Dimensions, ["low"] = spec.Actions.Low, ["high"] = spec.Actions.High,
            },
    }.ToJsonString());

    /// <exception cref="BridgeException">
    /// The message is not a hello of this version, or a number is out of range.
    /// </exception>
    internal static EnvironmentSpec ReadHello(ReadOnlySpan<byte> message, string peer)
    {
        try
        {
            JsonNode json = JsonNode.Parse(Content(message, Hello, peer))!;
            if (json["protocol"]!.GetValue<string>() is not Name || json["version"]!.GetValue<int>() != Version)
            {
                throw new FormatException($"another protocol or version (expected {Name} {Version})");
            }

            int[] shape = [.. json["shape"]!.AsArray().Select(axis => axis!.GetValue<int>())];
            long numbers = shape.Length is 1 or 3 && shape.All(axis => axis is > 0 and <= MaxNumbers)
                ? shape.Aggregate(1L, (all, axis) => Math.Min(all * axis, int.MaxValue))
                : 0;
            (int limit, int frames) = (json["step_limit"]!.GetValue<int>(), json["frames"]!.GetValue<int>());
            return numbers is > 0 and <= MaxNumbers && limit >= 0 && frames is > 0 and <= 64
                ? new EnvironmentSpec
                {
                    Name = ReadName(json["name"]!.GetValue<string>()), ObservationShape = Shape.Create(shape),
                    Minimum = json["minimum"]?.GetValue<float>() ?? float.NegativeInfinity,
                    Maximum = json["maximum"]?.GetValue<float>() ?? float.PositiveInfinity, StepLimit = limit,
                    Frames = frames, Actions = ReadActions(json["actions"]!),
                }
                : throw new FormatException("a shape, limit or number of frames is out of range");
        }
        catch (Exception e) when (e is JsonException or FormatException
            or InvalidOperationException or NullReferenceException or ArgumentException or OverflowException)
        {
            throw new BridgeException($"{peer}: the first message does not describe an environment ({e.Message})", e);
        }
    }

    internal static byte[] ResetOf(ulong seed)
    {
        byte[] message = new byte[1 + sizeof(ulong)];
        message[0] = Reset;
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(1), seed);
        return message;
    }

    internal static ulong ReadReset(ReadOnlySpan<byte> message, string peer) => message.Length == 1 + sizeof(ulong)
        ? BinaryPrimitives.ReadUInt64LittleEndian(message[1..])
        : throw new BridgeException(
            $"{peer}: the reset message has the wrong length (got {message.Length} bytes, expected "
                + $"{1 + sizeof(ulong)})");

    internal static byte[] StepOf(AgentAction action)
    {
        byte[] message = new byte[1 + (sizeof(float) * Math.Max(1, action.Values.Length))];
        message[0] = Step;
        if (action.Values.IsEmpty)
        {
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(1), action.Index);
        }

        Write(action.Values, message.AsSpan(1));
        return message;
    }

    /// <summary>Reads the action of a step message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="space">The action space.</param>
    /// <param name="values">Receives the numbers of a continuous action, one per dimension.</param>
    /// <param name="peer">Name of the peer in error messages.</param>
    internal static int ReadStep(ReadOnlySpan<byte> message, ActionSpace space, Span<float> values, string peer)
    {
        int expected = 1 + (sizeof(float) * Math.Max(1, space.Dimensions));
        if (message.Length != expected)
        {
            throw new BridgeException(
                $"{peer}: the step message has the wrong length (got {message.Length} bytes, expected {expected})");
        }

        if (space.IsDiscrete)
        {
            return BinaryPrimitives.ReadInt32LittleEndian(message[1..]);
        }

        Read(message[1..], values);
        return 0;
    }

    internal static byte[] ObservationOf(ReadOnlySpan<float> observation, StepOutcome outcome)
    {
        byte[] message = new byte[ObservationHead + (sizeof(float) * observation.Length)];
        message[0] = Observation;
        BinaryPrimitives.WriteSingleLittleEndian(message.AsSpan(1), outcome.Reward);
        message[1 + sizeof(float)] =
            (byte)((outcome.IsTerminated ? Terminated : 0) | (outcome.IsTruncated ? Truncated : 0));
        Write(observation, message.AsSpan(ObservationHead));
        return message;
    }

    /// <exception cref="BridgeException">
    /// The message is not an observation, has the wrong length, is an error message, or has a value that is not finite.
    /// </exception>
    internal static StepOutcome ReadObservation(ReadOnlySpan<byte> message, Span<float> observation, string peer)
    {
        int expected = ObservationHead + (sizeof(float) * observation.Length);
        if (message[0] != Observation || message.Length != expected)
        {
            throw new BridgeException(message[0] == Error
                ? $"{peer}: {ReadText(message)}"
                : $"{peer}: expected an observation (got message {message[0]} of {message.Length} bytes, expected "
                    + $"{Observation} of {expected})");
        }

        float reward = BinaryPrimitives.ReadSingleLittleEndian(message[1..]);
        int flags = message[1 + sizeof(float)];
        Read(message[ObservationHead..], observation);
        if (!float.IsFinite(reward))
        {
            throw new BridgeException($"{peer}: the reward is not finite");
        }

        foreach (float value in observation)
        {
            if (!float.IsFinite(value))
            {
                throw new BridgeException($"{peer}: an observation contains NaN or infinity");
            }
        }

        return new StepOutcome(reward, (flags & Terminated) != 0, (flags & Truncated) != 0);
    }

    internal static byte[] ErrorOf(string text) => Text(Error, text);

    /// <summary>Returns the text of an error message as one line of at most 500 bytes.</summary>
    internal static string ReadText(ReadOnlySpan<byte> message) =>
        new([.. Encoding.UTF8.GetString(message[1..Math.Min(message.Length, 500)]).Select(c =>
            char.IsControl(c) ? ' ' : c)]);

    private static byte[] Text(byte kind, string text) => [kind, .. Encoding.UTF8.GetBytes(text)];

    private static string Content(ReadOnlySpan<byte> message, byte kind, string peer) => message[0] == kind
        ? Encoding.UTF8.GetString(message[1..])
        : throw new BridgeException(message[0] == Error
            ? $"{peer}: {ReadText(message)}"
            : $"{peer}: unexpected message type (got {message[0]}, expected {kind})");

    private static JsonNode? Bound(float value) => float.IsFinite(value) ? value : null;

    private static ActionSpace ReadActions(JsonNode json) => json["count"] is { } count
        ? ActionSpace.Discrete(AtMost(count.GetValue<int>()))
        : ActionSpace.Continuous(
            AtMost(json["dimensions"]!.GetValue<int>()), json["low"]!.GetValue<float>(),
            json["high"]!.GetValue<float>());

    /// <summary>Names are printed, so they must not have control characters.</summary>
    private static string ReadName(string name) => name.Length <= MaxName && !name.Any(char.IsControl)
        ? name
        : throw new FormatException($"the name is too long or has control characters (got {name.Length} characters, "
            + $"expected at most {MaxName})");

    private static int AtMost(int count) => count <= 1 << 16 ? count : throw new FormatException("too many actions");

    private static void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes[(i * sizeof(float))..], values[i]);
        }
    }

    private static void Read(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        }
    }
}
