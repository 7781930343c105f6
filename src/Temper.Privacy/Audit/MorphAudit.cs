using System.Globalization;
using Temper.Kernels;
using Temper.Privacy.Audit.Attacks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit;

/// <summary>Attacks a bundle as an outsider who receives it could; run it before sending the bundle.</summary>
/// <remarks>
/// The best possible verdict is <see cref="AttackFinding.NotBroken"/>, because attacks that were not run may succeed.
/// All attacks are deterministic and use no secrets.
/// </remarks>
public static class MorphAudit
{
    /// <summary>Number of recovered pictures kept per attack for display.</summary>
    public const int ShownPictures = 8;

    /// <summary>
    /// If the truth is unknown: largest relative error with which recovered pictures count as explaining the features.
    /// </summary>
    private const double Explained = 0.01;

    /// <summary>Runs every attack whose inputs are available.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="inputs">Additional knowledge of the outsider, and the truth for scoring.</param>
    /// <returns>One finding per attack, including attacks that could not be run.</returns>
    /// <exception cref="ArgumentException">The truth, weights or pairs do not match the bundle.</exception>
    /// <exception cref="Formats.ModelFormatException">A file of the bundle is damaged.</exception>
    public static IReadOnlyList<AttackFinding> Run(MorphBundle bundle, AuditInputs inputs)
    {
        // Every file is checked, also those that no attack reads: the bundle is about to be sent.
        foreach (string part in bundle.Parts)
        {
            bundle.OpenPart(part).Dispose();
        }

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
    /// Returns the worst verdict of an audit; <see cref="AttackFinding.NotRun"/> if no attack was run, which says
    /// nothing about the bundle.
    /// </summary>
    /// <param name="findings">Findings of one audit.</param>
    public static string Verdict(IReadOnlyList<AttackFinding> findings) =>
        new[] { AttackFinding.Broken, AttackFinding.Leaks, AttackFinding.NotBroken }.FirstOrDefault(
            verdict => findings.Any(finding => string.Equals(finding.Verdict, verdict, StringComparison.Ordinal)))
                ?? AttackFinding.NotRun;

    /// <summary>
    /// Returns the verdict if the truth is unknown: broken if the recovered pictures explain the observations.
    /// </summary>
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
