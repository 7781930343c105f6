using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Field names and value ranges of an OpenEnv environment. The protocol defines the messages (reset, step, observation
/// with reward and done), but every environment chooses the fields of its observations and actions.
/// </summary>
public sealed record OpenEnvFormat
{
    private static readonly string[] Usual = ["values", "screen", "observation", "obs", "pixels", "state"];

    /// <summary>
    /// Field of an observation that holds its numbers; null: values, screen, observation, obs, pixels or state, or else
    /// the first field with numbers.
    /// </summary>
    public string? ObservationField { get; init; }

    /// <summary>Field of an action that holds its index.</summary>
    public string ActionField { get; init; } = "action_id";

    /// <summary>Number of actions; 0: the length of <c>legal_actions</c> in an observation.</summary>
    public int Actions { get; init; }

    /// <summary>
    /// Divisor of the received numbers, above 0; 255 scales gray levels to 0 to 1. Relayed numbers are multiplied by it
    /// and rounded to integers, unless it is 1.
    /// </summary>
    public float Scale { get; init; } = 1;

    /// <summary>Smallest value of an observation, after division.</summary>
    public float Minimum { get; init; } = float.NegativeInfinity;

    /// <summary>Largest value of an observation, after division.</summary>
    public float Maximum { get; init; } = float.PositiveInfinity;

    internal bool IsWhole => Scale != 1;

    internal void Validate()
    {
        if (!(Scale > 0 && float.IsFinite(Scale)) || Actions < 0 || ActionField.Length == 0 || !(Minimum < Maximum))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"OpenEnv: an option is out of range (got scale {Scale}, {Actions} actions, action field "
                + $"'{ActionField}', bounds {Minimum} to {Maximum}; expected a scale above 0, 0 or more actions, a "
                + $"field name, and a minimum below the maximum)"));
        }
    }

    /// <summary>Determines the specification of an environment from its first observation.</summary>
    /// <exception cref="BridgeException">
    /// The observation contains no numbers, or the number of actions is unknown.
    /// </exception>
    internal EnvironmentSpec SpecOf(JsonObject observation, string name)
    {
        JsonArray numbers = NumbersOf(observation, out string field);
        int actions = Actions > 0 ? Actions : (observation["legal_actions"] as JsonArray)?.Count ?? 0;
        if (actions == 0)
        {
            throw new BridgeException("OpenEnv: the number of actions is unknown (the observation has no "
                + "legal_actions); rl play needs a server that sends them, rl bridge takes --actions, and in code it "
                + "is OpenEnvFormat.Actions");
        }

        // The shape of a flat array may be given in a separate field.
        IReadOnlyList<int> axes = JsonNumbers.Axes(numbers);
        IReadOnlyList<int> said =
        [
            .. ((observation["shape"] ?? observation[$"{field}_shape"]) as JsonArray ?? [])
            .Select(axis => JsonNumbers.Value<int>(axis) ?? 0),
        ];
        bool isSaid = axes.Count == 1 && said.Count > 0
            && said.All(axis => axis is > 0 and <= 1 << 16)
            && said.Aggregate(1L, (all, axis) => Math.Min(all * axis, int.MaxValue)) == axes[0];
        return new EnvironmentSpec
        {
            Name = name, ObservationShape = JsonNumbers.ShapeOf(isSaid ? said : axes), Minimum = Minimum,
            Maximum = Maximum, Actions = ActionSpace.Discrete(actions),
        };
    }

    /// <summary>Reads an observation.</summary>
    internal void Read(JsonObject observation, Span<float> numbers) =>
        JsonNumbers.Read(NumbersOf(observation, out _), Scale, numbers);

    /// <summary>Replaces the numbers of an observation.</summary>
    internal void Write(JsonObject observation, ReadOnlySpan<float> numbers)
    {
        JsonArray form = NumbersOf(observation, out string field);
        observation[field] = JsonNumbers.Write(form, Scale, IsWhole, numbers);
    }

    /// <summary>Returns the index of an action.</summary>
    /// <exception cref="BridgeException">The field is missing or not a whole number.</exception>
    internal int IndexOf(JsonNode? action) => JsonNumbers.Value<int>((action as JsonObject)?[ActionField])
        ?? throw new BridgeException(
            $"OpenEnv: the action has no '{ActionField}' that is a whole number; send an object such as "
            + $"{{\"{ActionField}\": 0}}");

    /// <summary>Returns the numbers of a continuous action.</summary>
    internal static float[] ValuesOf(JsonNode? action) =>
        (action as JsonObject)?["values"] is JsonArray { Count: <= 1 << 16 } values
            ? [.. values.Select(JsonNumbers.Number)]
            : [];

    internal static JsonObject ObservationOf(
        EnvironmentSpec spec, ReadOnlySpan<float> observation, StepOutcome? outcome)
    {
        var content =
            new JsonObject { ["values"] = JsonNumbers.Of(observation), ["shape"] = Axes(spec.ObservationShape) };
        if (spec.Actions.IsDiscrete)
        {
            content["legal_actions"] =
                new JsonArray([.. Enumerable.Range(0, spec.Actions.Count).Select(i => (JsonNode)i)]);
        }

        return new JsonObject
        {
            ["observation"] = content, ["reward"] = outcome?.Reward, ["done"] = outcome?.IsOver ?? false,
            ["metadata"] = new JsonObject { ["truncated"] = outcome is { IsTruncated: true, IsTerminated: false } },
        };
    }

    private static JsonArray Axes(Shape shape) => new([.. shape.Select(axis => (JsonNode)axis)]);

    private JsonArray NumbersOf(JsonObject observation, out string field)
    {
        string? found = ObservationField ?? Usual.FirstOrDefault(name => JsonNumbers.IsArray(observation[name]))
            ?? observation.FirstOrDefault(
                pair => pair.Key is not "legal_actions" && JsonNumbers.IsArray(pair.Value)).Key;
        field = found ?? "";
        return found is not null && observation[found] is JsonArray numbers && JsonNumbers.IsArray(numbers)
            ? numbers
            : throw new BridgeException(
                $"OpenEnv: an observation has no numbers{(found is null ? "" : $" in '{found}'")} (got the fields "
                + $"{string.Join(", ", observation.Select(pair => pair.Key).Take(8))}); name the field that holds them "
                + "(rl bridge: --observation-field; in code: OpenEnvFormat.ObservationField)");
    }
}
