using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Observation and action space of one agent of a Godot game. An observation is a JSON object whose fields are arrays
/// of numbers or hexadecimal strings. Strings encode image bytes (in fields with "2d" in the name) or, in older games,
/// half-precision numbers. All fields are concatenated, in order, to one observation vector.
/// </summary>
internal sealed class GodotSpace
{
    private const int MaxNumbers = 1 << 22, MaxFields = 64;
    private readonly (string Name, int Count)[] _fields;
    private readonly string _action;

    /// <summary>Reads the spaces of one agent.</summary>
    /// <param name="info">The game's reply to env_info.</param>
    /// <param name="agent">Index of the agent.</param>
    /// <exception cref="BridgeException">A space is missing, too large or of an unsupported type.</exception>
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
            throw new BridgeException(string.Create(
                CultureInfo.InvariantCulture,
                $"Godot: the spaces of agent {agent} are not supported (got {numbers} numbers, {actions.Length} "
                + $"actions, '{type}' of size {size}; expected 1 or more numbers, and one discrete or continuous "
                + $"action)"));
        }

        _action = actions[0].Key;
        Spec = new EnvironmentSpec
        {
            Name = "godot", ObservationShape = [(int)numbers],
            Actions = type is "discrete" ? ActionSpace.Discrete(size) : ActionSpace.Continuous(size, -1, 1),
        };
    }

    internal EnvironmentSpec Spec { get; }

    /// <summary>Returns the number of agents in a game.</summary>
    internal static int AgentsOf(JsonObject info) =>
        JsonNumbers.Value<int>(info["n_agents"]) is { } count and > 0 and <= 1024
        ? count
        : throw new BridgeException("Godot: env_info has no n_agents from 1 to 1024");

    /// <summary>Reads an agent's observation from a message.</summary>
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

    /// <summary>Replaces the numbers of an agent's observation; each field keeps its encoding.</summary>
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

    /// <summary>Returns an action in the form that the game expects.</summary>
    internal JsonObject ActionOf(AgentAction action) =>
        new() { [_action] = Spec.Actions.IsDiscrete ? action.Index : JsonNumbers.Of(action.Values) };

    /// <summary>Reads the action sent by a trainer.</summary>
    /// <param name="action">The JSON object of the action.</param>
    /// <param name="values">Receives the numbers of a continuous action.</param>
    /// <exception cref="BridgeException">The action is not valid in this space.</exception>
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
                $"Godot: invalid action (expected '{_action}' from 0 to {Spec.Actions.Count - 1})");
    }

    private static JsonObject Fields(JsonNode? message) =>
        (message as JsonObject)?["obs"] as JsonObject ?? message as JsonObject
        ?? throw new BridgeException("Godot: an observation is not a JSON object");

    /// <summary>Newer games send an array with one object per agent, older games a single object.</summary>
    private static JsonObject Of(JsonObject info, string space, int agent) =>
        (info[space] is JsonArray all ? (agent < all.Count ? all[agent] : null) : info[space]) as JsonObject
        ?? throw new BridgeException($"Godot: env_info has no {space} for agent {agent}");

    private static int CountOf(JsonNode? field) => field?["size"] is JsonArray { Count: > 0 and <= 4 } size
        ? (int)size.Aggregate(
            1L, (all, axis) => JsonNumbers.Value<int>(axis) is { } one and > 0 ? Math.Min(all * one, int.MaxValue) : 0)
        : throw new BridgeException("Godot: an observation field has no valid size");

    private static void ReadHex(string text, Span<float> numbers)
    {
        byte[] bytes;
        try
        {
            bytes = text.Length == 2 * numbers.Length || text.Length == 4 * numbers.Length
                ? Convert.FromHexString(text)
                : throw new BridgeException(
                    $"Godot: wrong picture size (got {text.Length} hex digits, expected {2 * numbers.Length})");
        }
        catch (FormatException error)
        {
            throw new BridgeException($"Godot: a picture is not hexadecimal ({error.Message})", error);
        }

        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = bytes.Length == numbers.Length ? bytes[i] / 255f : (float)BitConverter.ToHalf(bytes, 2 * i);
            if (!float.IsFinite(numbers[i]))
            {
                throw new BridgeException("Godot: a picture contains a number that is not finite");
            }
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
