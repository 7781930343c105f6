using System.IO.Enumeration;
using Temper.Networks;

namespace Temper.Optimization;

/// <summary>A rule for some parameters: another rate, another decay, or no training at all.</summary>
public sealed record ParameterGroup
{
    /// <summary>No weight decay on biases and normalizations: the usual exception.</summary>
    public static ParameterGroup NoDecayOnBiasAndNorm { get; } = new()
    {
        Roles = [ParameterRole.Bias, ParameterRole.NormScale, ParameterRole.NormShift],
        WeightDecay = 0,
    };

    /// <summary>Pattern of parameter names: <c>*</c> matches any text, <c>?</c> one character;
    /// case-sensitive.</summary>
    public string Names { get; init; } = "*";

    /// <summary>Roles of parameters that belong to the group; empty = all.</summary>
    public IReadOnlyList<ParameterRole> Roles { get; init; } = [];

    /// <summary>Factor of the learning rate; default 1.</summary>
    public float RateFactor { get; init; } = 1;

    /// <summary>Weight decay that replaces the optimizer's; null = the optimizer's.</summary>
    public float? WeightDecay { get; init; }

    /// <summary>Whether the parameters are frozen (not trained).</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Whether a parameter belongs to the group.</summary>
    /// <param name="parameter">Any parameter.</param>
    /// <returns>True when name and role fit.</returns>
    public bool Selects(Parameter parameter) =>
        FileSystemName.MatchesSimpleExpression(Names, parameter.Name, ignoreCase: false)
            && (Roles.Count == 0 || Roles.Contains(parameter.Role));

    /// <summary>Combines groups: rates multiply, the last weight decay wins, any group that freezes freezes.</summary>
    /// <param name="groups">The rules, in order.</param>
    /// <param name="parameter">The parameter; frozen also when it is not trainable.</param>
    /// <returns>One rule that selects this parameter.</returns>
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
}
