using Temper.Cli.CommandLine;
using Temper.Reinforcement.Agents;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Cli.Snooping;

/// <summary>Checks whether files and options fit the victims, before the first episode is played.</summary>
/// <param name="run">The run that plays the victims.</param>
/// <param name="options">Its options.</param>
internal sealed class SnoopingChecks(SnoopingRun run, SnoopingRunOptions options)
{
    /// <summary>Throws a usage error if a list names a file twice, under the same name or another one.</summary>
    /// <param name="flag">Flag that names the files.</param>
    /// <param name="files">The files.</param>
    internal static void RequireDistinctFiles(string flag, IReadOnlyList<string> files) =>
        RequireDistinct(flag, files, file => Path.TrimEndingDirectorySeparator(Path.GetFullPath(file)));

    /// <summary>Throws a usage error if a list has a value twice.</summary>
    /// <param name="flag">Flag of the list.</param>
    /// <param name="values">The values.</param>
    /// <param name="key">What two values have in common if they mean the same.</param>
    internal static void RequireDistinct<T, TKey>(string flag, IReadOnlyList<T> values, Func<T, TKey> key)
    {
        if (values.GroupBy(key).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw ToolException.Usage($"rl report: {flag} names the same thing more than once (got "
                + $"{string.Join(", ", twice)}), which would count as independent measurements; give it once");
        }
    }

    /// <summary>Throws a usage error if a file was made for other frames than the victims receive.</summary>
    /// <param name="flag">Flag that names the file.</param>
    /// <param name="stream">Format of the stream that the file was made for.</param>
    internal void Require(string flag, StreamInfo stream) =>
        Require(flag, stream, "frames", format => format.FrameShape);

    /// <summary>Throws a usage error if a file was made for other stacks of frames than the victims see.</summary>
    /// <inheritdoc cref="Require(string, StreamInfo)"/>
    internal void RequireStack(string flag, StreamInfo stream) =>
        Require(flag, stream, "stacks", format => format.StackShape);

    /// <summary>
    /// Throws a usage error if an agent whose gradients are used cannot play here, or sees other stacks of frames than
    /// the victims.
    /// </summary>
    /// <param name="flag">Flag that names the agent's file.</param>
    /// <param name="agent">The agent.</param>
    internal void RequireAgent(string flag, Policy agent)
    {
        StreamInfo stream;
        try
        {
            stream = run.StreamOf(agent);
        }
        catch (ArgumentException error)
        {
            throw ToolException.Usage($"rl report: {flag} cannot be used: {Failure.Text(error)}");
        }

        if (run.Streams.FirstOrDefault(victim => !victim.StackShape.Equals(stream.StackShape)) is { } other)
        {
            throw ToolException.Usage($"rl report: {flag} sees other stacks of frames than the victims (got "
                + $"{stream.StackShape}, expected {other.StackShape}); use an agent that stacks as many frames");
        }
    }

    /// <summary>
    /// Throws a usage error for continuous actions: the gradients of the attacks are those of a choice among actions.
    /// </summary>
    internal void RequireDiscrete()
    {
        if (options.Victims.FirstOrDefault(victim => ReferenceEquals(victim.Head, ActionHead.Gaussian)) is not null)
        {
            throw ToolException.Usage("rl report: needs agents with discrete actions (got continuous actions in "
                + $"{options.Environment})");
        }
    }

    /// <summary>Throws a usage error if the bounds of the observations do not suit the channel or an attack.</summary>
    /// <param name="attacks">Names of the attacks.</param>
    internal void RequireBounds(IReadOnlyList<string> attacks)
    {
        if (options.Precision == ChannelPrecision.UInt8
            && run.Streams.FirstOrDefault(victim => !StreamBounds.FitBytes(victim)) is { } wide)
        {
            throw ToolException.Usage("rl report: --precision uint8 needs observations from 0 to 1 (got "
                + $"{StreamBounds.Text(wide)} in {options.Environment}); use --precision float32");
        }

        if (attacks.Contains(AttackNames.Guided, StringComparer.Ordinal) && !run.Streams.All(StreamBounds.AreKnown))
        {
            throw ToolException.Usage($"rl report: {AttackNames.Guided} needs observations with bounds (got no bounds "
                + $"in {options.Environment}); use another attack");
        }
    }

    /// <summary>
    /// Throws a usage error if an agent of another game cannot be adapted to the victims' observations.
    /// </summary>
    /// <param name="flag">Flag that names the agent's file.</param>
    /// <param name="agent">The agent.</param>
    internal void RequireAdaptable(string flag, Policy agent)
    {
        try
        {
            foreach (Policy victim in options.Victims)
            {
                _ = run.OfOtherGame(agent, victim);
            }
        }
        catch (ArgumentException error)
        {
            throw ToolException.Usage($"rl report: {flag} cannot be used: {Failure.Text(error)}");
        }
    }

    private void Require(string flag, StreamInfo stream, string what, Func<StreamInfo, Shape> shape)
    {
        if (run.Streams.FirstOrDefault(victim => !shape(victim).Equals(shape(stream))) is { } other)
        {
            throw ToolException.Usage($"rl report: {flag} was made for another stream format (got {what} of "
                + $"{shape(stream)}, expected {shape(other)}); start from a log recorded in {options.Environment}");
        }
    }
}
