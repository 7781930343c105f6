using Temper.Networks;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// An agent: a network, the head that interprets its outputs, and the environment settings it was trained with.
/// </summary>
public sealed record Policy
{
    /// <summary>
    /// The network. It takes observations, <c>[N, ...]</c>; <see cref="Head"/> interprets the first output. An optional
    /// second output named <c>value</c> is the state value.
    /// </summary>
    public required Network Network { get; init; }

    /// <summary>Head that interprets the first output.</summary>
    public required ActionHead Head { get; init; }

    /// <summary>Name of the environment the agent was trained in; null: unknown.</summary>
    public string? Environment { get; init; }

    /// <summary>Environment settings that the agent was trained or published with.</summary>
    public EnvironmentOptions Options { get; init; } = new();

    /// <summary>
    /// The <see cref="Environments.Grids.GridAction"/> number of each of the agent's actions; null: unknown.
    /// </summary>
    public IReadOnlyList<int>? Actions { get; init; }

    /// <summary>Short description of the policy's origin.</summary>
    public string Source { get; init; } = "";

    /// <summary>Returns the number of frames that the policy stacks in an environment.</summary>
    /// <param name="spec">The environment's specification.</param>
    /// <exception cref="ArgumentException">
    /// The policy was trained in another environment, or its input or output shape does not match.
    /// </exception>
    public int FramesIn(EnvironmentSpec spec)
    {
        if (Environment is { } own && !string.Equals(own, spec.Name, StringComparison.Ordinal))
        {
            throw Refused(spec, $"it was trained in another environment (got {own}, expected {spec.Name})");
        }

        Tensors.Shape input = Network.Inputs[0].SampleShape, frame = spec.ObservationShape;
        int frames = input.Rank == frame.Rank && input[0] % frame[0] == 0 && input.Skip(1).SequenceEqual(frame.Skip(1))
            ? input[0] / frame[0]
            : 0;
        if (frames == 0)
        {
            throw Refused(
                spec, $"its input has another shape (got {input}, expected {frame} or a stack of such frames)");
        }

        int outputs = Network.Graph.ShapeOf(Network.Outputs[0].Value)[1], expected = Head.OutputsFor(spec.Actions);
        if (outputs != expected)
        {
            throw Refused(
                spec, $"the number of outputs differs (got {outputs}, expected {expected} for {Head.Name} actions)");
        }

        return frames;
    }

    /// <summary>
    /// Creates an environment with the settings of this policy: its actions, sticky-action probability, step limit and
    /// frame skip.
    /// </summary>
    /// <param name="name">Name of the environment.</param>
    /// <param name="overrides">
    /// Settings that override those of the policy; null: none. All six actions can be requested only for a policy that
    /// chooses among them.
    /// </param>
    /// <exception cref="ArgumentException">The policy's actions are not those of the environment.</exception>
    public IEnvironment CreateEnvironment(string name, EnvironmentOptions? overrides = null)
    {
        EnvironmentOptions options = Options with
        {
            HasAllActions = overrides?.HasAllActions == true || Options.HasAllActions,
            Sticky = overrides?.Sticky ?? Options.Sticky, StepLimit = overrides?.StepLimit ?? Options.StepLimit,
            FrameSkip = overrides?.FrameSkip ?? Options.FrameSkip,
        };
        if (EnvironmentCatalog.RulesOf(name) is { } game && Actions is { } actions)
        {
            int[] minimal = [.. game.Actions.Select(action => (int)action)];
            bool isAll = actions.SequenceEqual(Enumerable.Range(0, 6));
            if (!isAll && !actions.SequenceEqual(minimal))
            {
                throw new ArgumentException(
                    $"agent: its actions belong to another game, not {name} (got {string.Join(',', actions)}, expected "
                    + $"{string.Join(',', minimal)} or 0,1,2,3,4,5)");
            }

            if (overrides?.HasAllActions == true && !isAll)
            {
                throw new ArgumentException(
                    $"agent: it chooses among {actions.Count} actions of {name}, not among all six (got "
                    + $"{string.Join(',', actions)}, expected 0,1,2,3,4,5); leave out the option for all actions");
            }

            options = options with { HasAllActions = isAll && minimal.Length < 6 };
        }

        return EnvironmentCatalog.Create(name, options);
    }

    private ArgumentException Refused(EnvironmentSpec spec, string why) =>
        new($"agent{(Source.Length > 0 ? $" ({Source})" : "")}: cannot play {spec.Name}: {why}");
}
