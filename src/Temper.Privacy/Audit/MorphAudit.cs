using System.Globalization;
using Temper.Kernels;
using Temper.Privacy.Audit.Attacks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit;

/// <summary>Attacks a bundle as an outsider could who gets it, before it leaves the house.</summary>
/// <remarks>
/// The verdict of an obfuscation is never better than <see cref="AttackFinding.NotBroken"/>: attacks that were not run
/// may do what these did not. Every attack is deterministic and uses no secret.
/// </remarks>
public static class MorphAudit
{
    /// <summary>Pictures of an attack that are shown.</summary>
    public const int ShownPictures = 8;

    /// <summary>
    /// Largest relative error of features that still counts as explained, where the truth is not known.
    /// </summary>
    private const double Explained = 0.01;

    /// <summary>Runs every attack for which there is what it needs.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="inputs">What an outsider has besides it, and the truth to measure with.</param>
    /// <returns>One finding for each attack, those that could not be run among them.</returns>
    /// <exception cref="ArgumentException">Truth, weights or pairs do not fit the bundle.</exception>
    /// <exception cref="Formats.ModelFormatException">A file of the bundle is damaged.</exception>
    public static IReadOnlyList<AttackFinding> Run(MorphBundle bundle, AuditInputs inputs)
    {
        var rows = new AuditRows(bundle, inputs);
        AugConvLayer? layer = bundle.HasLayer ? bundle.OpenLayer() : null;
        Tensor? weights = Checked(inputs.Weights, layer);
        LayerColumns? columns = layer is null ? null : new LayerColumns(layer);
        List<AttackFinding> findings = [];
        foreach (Func<AttackFinding> attack in (Func<AttackFinding>[])
        [
            () => LayerAttacks.Unshuffle(rows, layer, columns, weights, recoversMap: true),
            () => LayerAttacks.Unshuffle(rows, layer, columns, weights, recoversMap: false),
            () => LayerAttacks.Overlap(rows, layer, columns),
            () => PairAttacks.Sweep(rows, inputs.Pairs),
            () => PairAttacks.Learned(rows, inputs.Pairs),
            () => SetAttacks.Unpaired(rows),
            () => SetAttacks.Moments(rows),
            () => SetAttacks.Jigsaw(rows),
            () => SetAttacks.Geometry(rows),
            () => FeaturePicture.Find(rows, layer),
        ])
        {
            long start = inputs.Time.GetTimestamp();
            AttackFinding finding = attack();
            findings.Add(finding with { Time = inputs.Time.GetElapsedTime(start) });
            inputs.Progress?.Invoke(
                string.Create(CultureInfo.InvariantCulture, $"{finding.Name}: {finding.Verdict}; {finding.Detail}"));
        }

        return findings;
    }

    /// <summary>
    /// The worst verdict of some findings; <see cref="AttackFinding.NotRun"/> where no attack was run, which says
    /// nothing about the bundle.
    /// </summary>
    /// <param name="findings">Of one audit.</param>
    public static string Verdict(IReadOnlyList<AttackFinding> findings) =>
        new[] { AttackFinding.Broken, AttackFinding.Leaks, AttackFinding.NotBroken }.FirstOrDefault(
            verdict => findings.Any(finding => string.Equals(finding.Verdict, verdict, StringComparison.Ordinal)))
                ?? AttackFinding.NotRun;

    /// <summary>The verdict without the truth: whether what was recovered explains what was seen.</summary>
    internal static string ByConsistency(double error) =>
        error <= Explained ? AttackFinding.Broken : AttackFinding.NotBroken;

    private static Tensor? Checked(Tensor? weights, AugConvLayer? layer)
    {
        if (weights is null || layer is null)
        {
            return null;
        }

        AugConvSizes sizes = layer.Operator.Pattern.Sizes;
        Shape expected = [sizes.Outputs, sizes.Channels, sizes.KernelHeight, sizes.KernelWidth];
        return weights.Shape.Equals(expected)
            ? weights.To(DType.Float32).ToRowMajor()
            : throw new ArgumentException(
                $"audit: the weights are not those of the layer (got {weights.Shape}, expected {expected})");
    }
}
