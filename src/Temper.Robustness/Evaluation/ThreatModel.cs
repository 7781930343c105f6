using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>What an attacker may do: the largest perturbation in a norm.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Norm">How it is measured.</param>
/// <param name="Epsilon">Largest size, for inputs of 0 to 1.</param>
public sealed record ThreatModel(string Name, Norm Norm, double Epsilon)
{
    /// <summary>Those that results are usually stated for.</summary>
    public static IReadOnlyList<ThreatModel> Presets { get; } =
    [
        new("mnist-linf-0.3", Norm.Linf, 0.3), new("mnist-linf-0.1", Norm.Linf, 0.1), new("cifar10-linf-8", Norm.Linf, 8.0 / 255), new("cifar10-l2-0.5", Norm.L2, 0.5),
    ];
}
