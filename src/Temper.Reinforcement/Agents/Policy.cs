using Temper.Networks;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>An agent: a network, what its outputs mean, and the settings that it was trained with.</summary>
public sealed record Policy
{
    /// <summary>
    /// Takes an observation, <c>[N, ...]</c>; the first output is what <see cref="Head"/> reads, a second one named
    /// <c>value</c> is the state's value.
    /// </summary>
    public required Network Network { get; init; }

    /// <summary>What the first output means.</summary>
    public required ActionHead Head { get; init; }

    /// <summary>The environment it was trained in; null: not known.</summary>
    public string? Environment { get; init; }

    /// <summary>The settings that it was trained or published with.</summary>
    public EnvironmentOptions Options { get; init; } = new();

    /// <summary>What each of its actions does, as grid games number actions; null: not known.</summary>
    public IReadOnlyList<int>? Actions { get; init; }

    /// <summary>Origin of the policy, in a few words.</summary>
    public string Source { get; init; } = "";

    /// <summary>Frames that it looks at together in an environment.</summary>
    /// <param name="spec">The environment.</param>
    /// <exception cref="ArgumentException">It is of another environment, or of another shape.</exception>
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
                spec, $"its observations have another shape (got {input}, expected {frame}, or several frames of it)");
        }

        int outputs = Network.Graph.ShapeOf(Network.Outputs[0].Value)[1], expected = Head.OutputsFor(spec.Actions);
        if (outputs != expected)
        {
            throw Refused(
                spec, $"it has another number of outputs (got {outputs}, expected {expected} for {Head.Name} actions)");
        }

        return frames;
    }

    /// <summary>
    /// The environment of a name as this policy wants it: with its actions, and as sticky as it was trained.
    /// </summary>
    /// <param name="name">The environment.</param>
    /// <param name="overrides">Settings that replace those of the policy; null: none.</param>
    /// <exception cref="ArgumentException">The environment has no such actions.</exception>
    public IEnvironment CreateEnvironment(string name, EnvironmentOptions? overrides = null)
    {
        EnvironmentOptions options = Options with
        {
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
                    $"agent: its actions are of another game than {name} (got {string.Join(',', actions)}, expected "
                    + $"{string.Join(',', minimal)} or 0,1,2,3,4,5)");
            }

            options = options with { HasAllActions = isAll && minimal.Length < 6 };
        }

        return EnvironmentCatalog.Create(name, options);
    }

    private ArgumentException Refused(EnvironmentSpec spec, string why) =>
        new($"agent{(Source.Length > 0 ? $" ({Source})" : "")}: cannot play {spec.Name}: {why}");
}
