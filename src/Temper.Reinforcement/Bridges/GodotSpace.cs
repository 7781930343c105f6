using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// The spaces of a Godot game's agent. An observation is an object whose fields are lists of numbers, or hexadecimal
/// text of bytes (pictures, whose names hold "2d"; older games: of half-precision numbers). All fields in their order
/// are one observation here.
/// </summary>
internal sealed class GodotSpace
{
    private const int MaxNumbers = 1 << 22, MaxFields = 64;
    private readonly (string Name, int Count)[] _fields;
    private readonly string _action;

    /// <summary>The spaces of one agent.</summary>
    /// <param name="info">The game's answer to env_info.</param>
    /// <param name="agent">Which agent.</param>
    /// <exception cref="BridgeException">A space is missing, too large, or of a kind that is not known.</exception>
    internal GodotSpace(JsonObject info, int agent)
    {
        _fields = [.. Of(info, "observation_space", agent).Take(MaxFields).Select(
            field => (field.Key, CountOf(field.Value)))];
        long numbers = _fields.Sum(field => (long)field.Count);
        KeyValuePair<string, JsonNode?>[] actions = [.. Of(info, "action_space", agent).Take(2)];
        int size = actions.Length == 1 ? JsonNumbers.Value<int>(actions[0].Value?["size"]) ?? 0 : 0;
        string type = actions.Length == 1 ? JsonNumbers.Text(actions[0].Value?["action_type"]) : "";
        if (numbers is 0 or > MaxNumbers || size is < 1 or > 1 << 16 || type is not ("discrete" or "continuous"))
        {
            throw new BridgeException(
                $"Godot: the spaces of agent {agent} are not known here (got {numbers} numbers, {actions.Length} "
                + $"actions, '{type}' of size {size}; expected numbers, and one discrete or continuous action)");
        }

        _action = actions[0].Key;
        Spec = new EnvironmentSpec
        {
            Name = "godot", ObservationShape = [(int)numbers],
            Actions = type is "discrete" ? ActionSpace.Discrete(size) : ActionSpace.Continuous(size, -1, 1),
        };
    }

    internal EnvironmentSpec Spec { get; }

    /// <summary>How many agents a game has.</summary>
    internal static int AgentsOf(JsonObject info) =>
        JsonNumbers.Value<int>(info["n_agents"]) is { } count and > 0 and <= 1024
        ? count
        : throw new BridgeException("Godot: env_info names no number of agents from 1 to 1024");

    /// <summary>Reads an agent's observation.</summary>
    internal void Read(JsonNode? message, Span<float> numbers)
    {
        JsonObject fields = Fields(message);
        int start = 0;
        foreach ((string name, int count) in _fields)
        {
            Span<float> part = numbers.Slice(start, count);
            if (fields[name] is JsonValue)
            {
                ReadHex(JsonNumbers.Text(fields[name]), part);
            }
            else
            {
                JsonNumbers.Read(fields[name], 1, part);
            }

            start += count;
        }
    }

    /// <summary>Puts other numbers into an agent's observation, each field in the form that it has.</summary>
    internal void Write(JsonNode? message, ReadOnlySpan<float> numbers)
    {
        JsonObject fields = Fields(message);
        int start = 0;
        foreach ((string name, int count) in _fields)
        {
            ReadOnlySpan<float> part = numbers.Slice(start, count);
            fields[name] = fields[name] is JsonArray array
                ? JsonNumbers.Write(array, 1, isWhole: false, part)
                : WriteHex(part, JsonNumbers.Text(fields[name]).Length == 4 * count);
            start += count;
        }
    }

    /// <summary>An action as the game wants it.</summary>
    internal JsonObject ActionOf(AgentAction action) =>
        new() { [_action] = Spec.Actions.IsDiscrete ? action.Index : JsonNumbers.Of(action.Values) };

    /// <summary>The action that a trainer sent.</summary>
    /// <param name="action">Its object.</param>
    /// <param name="values">Receives the numbers of a continuous one.</param>
    /// <exception cref="BridgeException">It is none of this space.</exception>
    internal int ReadAction(JsonNode? action, Span<float> values)
    {
        JsonNode? value = (action as JsonObject)?[_action];
        if (!Spec.Actions.IsDiscrete)
        {
            JsonNumbers.Read(value, 1, values);
            return 0;
        }

        return JsonNumbers.Value<int>(value) is { } index && (uint)index < (uint)Spec.Actions.Count
            ? index
            : throw new BridgeException(
                $"Godot: there is no such action (expected '{_action}' from 0 to {Spec.Actions.Count - 1})");
    }

    private static JsonObject Fields(JsonNode? message) =>
        (message as JsonObject)?["obs"] as JsonObject ?? message as JsonObject
        ?? throw new BridgeException("Godot: an observation is no object");

    /// <summary>Newer games send a list with an object for each agent, older ones one object.</summary>
    private static JsonObject Of(JsonObject info, string space, int agent) =>
        (info[space] is JsonArray all ? (agent < all.Count ? all[agent] : null) : info[space]) as JsonObject
        ?? throw new BridgeException($"Godot: env_info has no {space} of agent {agent}");

    private static int CountOf(JsonNode? field) => field?["size"] is JsonArray { Count: > 0 and <= 4 } size
        ? (int)size.Aggregate(
            1L, (all, axis) => JsonNumbers.Value<int>(axis) is { } one and > 0 ? Math.Min(all * one, int.MaxValue) : 0)
        : throw new BridgeException("Godot: an observation field without a size");

    private static void ReadHex(string text, Span<float> numbers)
    {
        byte[] bytes;
        try
        {
            bytes = text.Length == 2 * numbers.Length || text.Length == 4 * numbers.Length
                ? Convert.FromHexString(text)
                : throw new BridgeException(
                    $"Godot: a picture of another size (got {text.Length} digits, expected {2 * numbers.Length})");
        }
        catch (FormatException error)
        {
            throw new BridgeException($"Godot: a picture is not hexadecimal ({error.Message})", error);
        }

        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = bytes.Length == numbers.Length ? bytes[i] / 255f : (float)BitConverter.ToHalf(bytes, 2 * i);
        }
    }

    private static string WriteHex(ReadOnlySpan<float> numbers, bool isHalf)
    {
        byte[] bytes = new byte[numbers.Length * (isHalf ? 2 : 1)];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (isHalf)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (Half)numbers[i]);
            }
            else
            {
                bytes[i] = (byte)MathF.Round(Math.Clamp(numbers[i], 0, 1) * 255);
            }
        }

        return Convert.ToHexStringLower(bytes);
    }
}
