using Temper.Cli.CommandLine;
using Temper.Snooping.Attacks;

namespace Temper.Cli.Snooping;

/// <summary>Creates attacks on observations by name.</summary>
internal static class AttackNames
{
    /// <summary>Name of the gradient-guided Carlini-Wagner attack, which needs bounded observations.</summary>
    internal const string Guided = "guided-cw";

    /// <summary>Names of the attacks that use the gradients of proxies.</summary>
    internal static string[] OfProxies { get; } = ["fgsm", "pgd", "mi-fgsm", Guided];

    internal static string[] All { get; } = [.. OfProxies, "random-sign", "uniform-noise"];

    internal static ObservationAttack Create(string name, double epsilon) => name switch
    {
        "random-sign" => new RandomSign { Epsilon = epsilon },
        "uniform-noise" => new UniformNoise { Epsilon = epsilon },
        _ => OfProxy(name, epsilon, "rl bridge"),
    };

    internal static ObservationAttack OfProxy(string name, double epsilon, string command) => name switch
    {
        "fgsm" => GradientSign.Fgsm(epsilon),
        "pgd" => GradientSign.Pgd(epsilon),
        "mi-fgsm" => GradientSign.MomentumIterative(epsilon),
        Guided => new GuidedFrame { Epsilon = epsilon },
        _ => throw ToolException.Usage(
            $"{command}: no such attack (got '{name}', expected {string.Join(", ", OfProxies)})"),
    };
}
