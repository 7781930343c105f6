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

    /// <summary>Names it is for: <c>*</c> stands for any text, <c>?</c> for one character; lower and upper case differ.</summary>
    public string Names { get; init; } = "*";

    /// <summary>Roles it is for; empty: all.</summary>
    public IReadOnlyList<ParameterRole> Roles { get; init; } = [];

    /// <summary>Times the learning rate; 1 unless said otherwise.</summary>
    public float RateFactor { get; init; } = 1;

    /// <summary>Instead of the optimizer's weight decay; null: the optimizer's.</summary>
    public float? WeightDecay { get; init; }

    /// <summary>Whether the parameters keep their values.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Whether the rule is for a parameter.</summary>
    /// <param name="parameter">Any parameter.</param>
    /// <returns>True when name and role fit.</returns>
    public bool Selects(Parameter parameter) =>
        FileSystemName.MatchesSimpleExpression(Names, parameter.Name, ignoreCase: false) && (Roles.Count == 0 || Roles.Contains(parameter.Role));

    /// <summary>What several rules say together: rates multiply, the last decay counts, one that freezes is enough.</summary>
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
