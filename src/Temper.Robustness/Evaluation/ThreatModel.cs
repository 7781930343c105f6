using System.Globalization;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>A threat model: the norm and maximum size of the perturbation.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Norm">Norm of the perturbation.</param>
/// <param name="Epsilon">Maximum size, for inputs in 0 to 1.</param>
public sealed record ThreatModel(string Name, Norm Norm, double Epsilon)
{
    /// <summary>Checks that the target's input range is 0 to 1, for which the radius is defined.</summary>
    /// <param name="target">Target to attack.</param>
    /// <exception cref="ArgumentException">The input bounds are not 0 and 1.</exception>
    public void RequireFits(AttackTarget target)
    {
        if (target.Minimum != 0 || target.Maximum != 1)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"threat model {Name}: requires inputs in 0 to 1 (got bounds {target.Minimum} to "
                + $"{target.Maximum}); specify norm and epsilon in units of the inputs instead"));
        }
    }

    /// <summary>Threat models commonly used in the literature.</summary>
    public static IReadOnlyList<ThreatModel> Presets { get; } =
    [
        new("mnist-linf-0.3", Norm.Linf, 0.3), new("mnist-linf-0.1", Norm.Linf, 0.1),
        new("cifar10-linf-8", Norm.Linf, 8.0 / 255), new("cifar10-l2-0.5", Norm.L2, 0.5),
    ];
}
