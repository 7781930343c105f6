using System.Globalization;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>What an attacker may do: the largest perturbation in a norm.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Norm">How it is measured.</param>
/// <param name="Epsilon">Largest size, for inputs of 0 to 1.</param>
public sealed record ThreatModel(string Name, Norm Norm, double Epsilon)
{
    /// <summary>Refuses a target whose inputs are not those that the radius is stated for.</summary>
    /// <param name="target">What is to be attacked.</param>
    /// <exception cref="ArgumentException">Its inputs do not go from 0 to 1.</exception>
    public void RequireFits(AttackTarget target)
    {
        if (target.Minimum != 0 || target.Maximum != 1)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"threat model {Name}: is stated for inputs of 0 to 1 (got bounds {target.Minimum} to "
                + $"{target.Maximum}); give norm and epsilon in units of the inputs instead"));
        }
    }

    /// <summary>Those that results are usually stated for.</summary>
    public static IReadOnlyList<ThreatModel> Presets { get; } =
    [
        new("mnist-linf-0.3", Norm.Linf, 0.3), new("mnist-linf-0.1", Norm.Linf, 0.1),
        new("cifar10-linf-8", Norm.Linf, 8.0 / 255), new("cifar10-l2-0.5", Norm.L2, 0.5),
    ];
}
