using System.Globalization;
using System.IO.Enumeration;
using Temper.Networks;

namespace Temper.Optimization;

/// <summary>Settings for a group of parameters: another learning rate, another weight decay, or no training.</summary>
public sealed record ParameterGroup
{
    /// <summary>The common group without weight decay for biases and normalization parameters.</summary>
    public static ParameterGroup NoDecayOnBiasAndNorm { get; } = new()
    {
        Roles = [ParameterRole.Bias, ParameterRole.NormScale, ParameterRole.NormShift],
        WeightDecay = 0,
    };

    /// <summary>
    /// Case-sensitive pattern of parameter names: <c>*</c> matches any text, <c>?</c> one character. Default: <c>*</c>.
    /// </summary>
    public string Names { get; init; } = "*";

    /// <summary>Parameter roles of the group; empty (default): all.</summary>
    public IReadOnlyList<ParameterRole> Roles { get; init; } = [];

    /// <summary>Factor on the learning rate, 0 or more. Default: 1.</summary>
    public float RateFactor { get; init; } = 1;

    /// <summary>Weight decay, 0 or more, that overrides the optimizer's; null (default): the optimizer's.</summary>
    public float? WeightDecay { get; init; }

    /// <summary>True if the parameters are frozen (not trained). Default: false.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of range; the message contains its name.
    /// </exception>
    public void Validate()
    {
        Require(RateFactor, nameof(RateFactor));
        Require(WeightDecay ?? 0, nameof(WeightDecay));
    }

    /// <summary>Returns true if a parameter belongs to the group.</summary>
    /// <param name="parameter">The parameter to test.</param>
    /// <returns>True if both name and role match.</returns>
    public bool Selects(Parameter parameter) =>
        FileSystemName.MatchesSimpleExpression(Names, parameter.Name, ignoreCase: false)
            && (Roles.Count == 0 || Roles.Contains(parameter.Role));

    /// <summary>
    /// Combines all groups that select a parameter: rate factors are multiplied, the last weight decay is used, and the
    /// parameter is frozen if any group is frozen.
    /// </summary>
    /// <param name="groups">The groups, in order.</param>
    /// <param name="parameter">The parameter; one that is not trainable is always frozen.</param>
    /// <returns>One group for this parameter.</returns>
    public static ParameterGroup Resolve(IEnumerable<ParameterGroup> groups, Parameter parameter)
    {
        var resolved = new ParameterGroup { Names = parameter.Name, IsFrozen = !parameter.IsTrainable };
        foreach (ParameterGroup group in groups.Where(g => g.Selects(parameter)))
        {
            resolved = resolved with
            {
                RateFactor = resolved.RateFactor * group.RateFactor,
                WeightDecay = group.WeightDecay ?? resolved.WeightDecay,
                IsFrozen = resolved.IsFrozen || group.IsFrozen,
            };
        }

        return resolved;
    }

    private static void Require(float value, string option)
    {
        if (value is not (>= 0 and < float.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(option, string.Create(
                CultureInfo.InvariantCulture,
                $"parameter group: {option} is out of range (got {value}, expected 0 or more)"));
        }
    }
}
