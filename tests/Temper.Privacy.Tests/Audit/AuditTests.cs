using Temper.Data;
using Temper.Privacy.Audit;
using Temper.Privacy.Audit.Attacks;
using Temper.Privacy.Morphing;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Privacy.Tests.Audit;

/// <summary>An audit that cannot break a default bundle is wrong.</summary>
public sealed class AuditTests
{
    /// <summary>No attack reads the test part.</summary>
    [Theory]
    [InlineData("test-rows.npy")]
    [InlineData("test-labels.npy")]
    public void Damaged_test_files_are_refused(string name)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8) { Cores = 4 });
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 40), MorphSamples.Weights(4, 1, 3), 1);
        byte[] content = File.ReadAllBytes(folder[name]);
        content[^1] ^= 4;
        File.WriteAllBytes(folder[name], content);
        Assert.Throws<Temper.Formats.ModelFormatException>(() => MorphAudit.Run(bundle, new AuditInputs()));
    }

    [Theory]
    [InlineData(3, 12, 64, 3, 1, 1)]
    [InlineData(3, 12, 32, 3, 1, 36)]
    [InlineData(1, 16, 20, 5, 0, 1)]
    [InlineData(3, 12, 16, 3, 1, 1)]
    [InlineData(3, 14, 32, 3, 1, 42)]        // 588 values: the map is recovered in two parts
    public void Default_bundle_is_broken(int channels, int size, int outputs, int kernel, int padding, int cores)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(channels, size, size) { Cores = cores });
        DataSets data = MorphSamples.Pictures(channels, size, 40);
        Tensor weights = MorphSamples.Weights(outputs, channels, kernel);
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, data, weights, padding);
        (int[] Order, double Misfit)? order = ChannelMatching.Find(new LayerColumns(bundle.OpenLayer()), weights);
        Assert.Equal(key.ChannelOrder(outputs), order!.Value.Order);

        IReadOnlyList<AttackFinding> findings = MorphAudit.Run(bundle, new AuditInputs { Weights = weights, Truth = data.Train, Pictures = 12 });
        Assert.Equal(AttackFinding.Broken, MorphAudit.Verdict(findings));
        foreach (AttackFinding finding in findings.Take(2))
        {
            Assert.Equal(AttackFinding.Broken, finding.Verdict);
            Assert.Equal(60, finding.Mean!.Value.Psnr);
            Assert.InRange(finding.Mean.Value.Ssim, 0.999, 1.0001);
            Assert.Equal(1, finding.Identification);
        }

        if (outputs >= channels * kernel * kernel)
        {
            AttackFinding overlap = findings.Single(finding => finding.Name.StartsWith("B:", StringComparison.Ordinal));
            Assert.Equal(AttackFinding.Broken, overlap.Verdict);
            Assert.InRange(overlap.Mean!.Value.Ssim, 0.99, 1.0001);
        }
    }

    [Fact]
    public void Audit_that_can_run_nothing_does_not_say_that_the_bundle_holds()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 12, 12));
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(3, 12, 40);
        MorphBundle.WriteData(key, morpher, new DataSets(data.Train.Take(1), data.Test), folder.Path);
        IReadOnlyList<AttackFinding> findings = MorphAudit.Run(MorphBundle.Open(folder.Path), new AuditInputs { Pictures = 5 });
        Assert.All(findings, finding => Assert.Equal(AttackFinding.NotRun, finding.Verdict));
        Assert.Equal(AttackFinding.NotRun, MorphAudit.Verdict(findings));
        Assert.StartsWith(AttackFinding.NotRun, AuditSection.Meaning(MorphAudit.Verdict(findings)), StringComparison.Ordinal);
    }

    /// <summary>
    /// Needs only the bundle: neighbors share a class, unless pictures of one class are no closer to each other than to
    /// others.
    /// </summary>
    [Theory]
    [InlineData(true, AttackFinding.Leaks)]
    [InlineData(false, AttackFinding.NotBroken)]
    public void Geometry_needs_the_rows_alone(bool hasClasses, string expected)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8));
        using var morpher = new Morpher(key);
        const int Count = 200;
        byte[] pixels = new byte[Count * 64], labels = new byte[Count];
        Temper.Randomness.RandomCursor cursor = Temper.Randomness.RandomStream.FromSeed(6).Cursor();
        for (int i = 0; i < pixels.Length; i++)
        {
            labels[i / 64] = (byte)(i / 64 % 4);
            pixels[i] = (byte)(cursor.NextInt32(150) + (hasClasses && i % 4 == labels[i / 64] ? 100 : 0));
        }

        var data = new ImageDataset("noise", [1, 8, 8], pixels, labels, ["a", "b", "c", "d"]);
        MorphBundle.WriteData(key, morpher, new DataSets(data, data.Take(0)), folder.Path);
        AttackFinding alone = Geometry(null), scored = Geometry(data);
        Assert.Equal((expected, null), (alone.Verdict, alone.Identification));
        Assert.Equal((AttackFinding.Leaks, 1.0), (scored.Verdict, scored.Identification));
        Assert.StartsWith(alone.Detail, scored.Detail, StringComparison.Ordinal);

        AttackFinding Geometry(Dataset? truth) =>
            MorphAudit.Run(MorphBundle.Open(folder.Path), new AuditInputs { Truth = truth }).Single(finding => finding.Name is "geometry");
    }

    /// <summary>
    /// Needs only rows and layer: the features of shapes show structure, those of noise do not. With the true pictures,
    /// both can be identified.
    /// </summary>
    [Theory]
    [InlineData(true, 3, AttackFinding.Leaks)]
    [InlineData(false, 3, AttackFinding.NotBroken)]
    [InlineData(true, 11, AttackFinding.NotRun)]
    public void Feature_pictures_are_judged_by_the_shapes_in_them(bool hasShapes, int kernel, string expected)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 12, 12));
        DataSets data = hasShapes ? MorphSamples.Pictures(1, 12, 40) : Noise(40, 12);
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, data, MorphSamples.Weights(24, 1, kernel), padding: 1);
        AttackFinding alone = Feature(null), scored = Feature(data.Train);
        Assert.Equal((expected, null), (alone.Verdict, alone.Identification));
        if (expected is not AttackFinding.NotRun)
        {
            // The brightness of patches identifies noise as well, since only the order of the channels is hidden.
            Assert.Equal(AttackFinding.Leaks, scored.Verdict);
            Assert.True(scored.Identification > 0.7, $"{scored.Identification}");
            Assert.StartsWith(alone.Detail, scored.Detail, StringComparison.Ordinal);
            Assert.Equal((1, 12, 12), scored.Size);
            Assert.All(scored.Pictures.Concat(scored.Truth), picture => Assert.Equal(144, picture.Length));
            Assert.All(scored.Pictures.Concat(scored.Truth), picture => Assert.Equal(1, picture.Max(), 1e-6));
        }

        AttackFinding Feature(Dataset? truth) =>
            MorphAudit.Run(bundle, new AuditInputs { Truth = truth, Pictures = 30 }).Single(finding => finding.Name is "feature picture");
    }

    private static DataSets Noise(int count, int size)
    {
        byte[] pixels = new byte[count * size * size];
        Temper.Randomness.RandomCursor cursor = Temper.Randomness.RandomStream.FromSeed(6).Cursor();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)cursor.NextInt32(256);
        }

        var all = new ImageDataset("noise", [1, size, size], pixels, new byte[count], ["a", "b"]);
        return new DataSets(all, all.Take(0));
    }

    /// <summary>A sufficient number of pairs proves nothing: the pairs must be correct.</summary>
    [Theory]
    [InlineData(80, true, AttackFinding.Broken)]
    [InlineData(80, false, AttackFinding.NotBroken)]
    [InlineData(1, true, AttackFinding.NotRun)]
    public void Pair_sweep_is_judged_by_what_came_back(int count, bool areRight, string expected)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8));
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 200);
        MorphBundle.WriteData(key, morpher, data, folder.Path);
        float[] pictures = MorphSamples.Rows(data.Train, count);
        Tensor known = Tensor.From(areRight ? pictures : [.. pictures.Reverse()], [count, 64]);
        AttackFinding sweep = MorphAudit.Run(MorphBundle.Open(folder.Path), new AuditInputs { Pairs = known }).Single(finding => finding.Name is "pair sweep");
        Assert.Equal(expected, sweep.Verdict);
        Assert.Equal(expected is AttackFinding.Broken, sweep.Mean is { Psnr: > 59 });
        Assert.Equal(sweep.Curve.Select(point => point.Pairs).Distinct().Order(), sweep.Curve.Select(point => point.Pairs));
        Assert.Equal(expected is AttackFinding.Broken, sweep.Curve.Any(point => point.Ssim > 0.999));
        Assert.Equal(sweep.Curve.Count > 1, AuditSection.Of([sweep]).Blocks.OfType<Reporting.Documents.ChartRow>().Any());
    }

    [Fact]
    public void Without_the_truth_the_verdict_comes_from_consistency()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 12, 12));
        Tensor weights = MorphSamples.Weights(32, 3, 3);
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(3, 12, 40), weights, 1);
        Assert.Equal(AttackFinding.Broken, MorphAudit.Verdict(MorphAudit.Run(bundle, new AuditInputs { Weights = weights, Pictures = 5 })));

        // Wrong weights are inconsistent with the bundle.
        Tensor wrong = Tensor.From((float[])[.. weights.ToArray<float>().Select((w, i) => w + MathF.Sin(i * i))], weights.Shape);
        AttackFinding first = MorphAudit.Run(bundle, new AuditInputs { Weights = wrong, Pictures = 5 })[0];
        Assert.Equal(AttackFinding.NotBroken, first.Verdict);
        Assert.Throws<ArgumentException>(() => MorphAudit.Run(bundle, new AuditInputs { Weights = MorphSamples.Weights(8, 3, 3) }));
        Assert.Throws<ArgumentException>(() => MorphAudit.Run(bundle, new AuditInputs { Truth = MorphSamples.Pictures(3, 12, 41).Train }));
    }

    /// <summary>
    /// Few channels escape attack A. A redundant layer that is too large for this audit is not said to hold, whether or not its stride skips pixels.
    /// </summary>
    [Theory]
    [InlineData(3, 3, 1, 1, AttackFinding.NotBroken)]
    [InlineData(8, 7, 3, 1, AttackFinding.NotRun)]
    [InlineData(1025, 3, 1, 20, AttackFinding.NotRun)]
    public void Only_layers_without_redundancy_are_said_to_hold(int channels, int kernel, int padding, int stride, string verdict)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 12, 12));
        Tensor weights = MorphSamples.Weights(channels, 3, kernel);
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(3, 12, 40), weights, padding, stride: stride);
        Assert.Equal(verdict, MorphAudit.Run(bundle, new AuditInputs { Weights = weights, Pictures = 5 })[0].Verdict);
    }

    [Fact]
    public void Section_of_an_audit_shows_recovered_and_real_pictures_side_by_side()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 12, 12));
        DataSets data = MorphSamples.Pictures(1, 12, 30);
        Tensor weights = MorphSamples.Weights(16, 1, 3);
        IReadOnlyList<AttackFinding> findings = MorphAudit.Run(
            MorphSamples.Bundle(folder.Path, key, data, weights, 1), new AuditInputs { Weights = weights, Truth = data.Train, Pictures = 4 });
        Temper.Reporting.Documents.Section section = AuditSection.Of(findings);
        var first = section.Blocks.OfType<Temper.Reporting.Documents.PictureGrid>().First();
        Assert.Equal(["recovered", "real", "recovered", "real"], first.Pictures.Take(4).Select(picture => picture.Caption));
        // The attack is exact, so recovered and real pictures have the same bytes.
        Assert.True(first.Pictures[0].Png.Span.SequenceEqual(first.Pictures[1].Png.Span));
        string html = new Temper.Reporting.Documents.Report { Title = "audit", Sections = [section] }.ToHtml();
        Assert.Contains("BROKEN: anyone who gets this bundle can recover the pictures", html, StringComparison.Ordinal);
        Assert.All(findings, finding => Assert.Contains(finding.Name, html, StringComparison.Ordinal));
    }

    [Fact]
    public void Quality_of_equal_flat_and_noisy_pictures()
    {
        float[] picture = [.. Enumerable.Range(0, 192).Select(i => (i % 17) / 17f)], noisy = [.. picture.Select((v, i) => v + (i % 2 == 0 ? 0.1f : -0.1f))];
        PictureQuality same = PictureQuality.Of(picture, picture, 3, 8, 8), worse = PictureQuality.Of(noisy, picture, 3, 8, 8);
        Assert.Equal((0.0, 60.0), (same.MeanSquaredError, same.Psnr));
        Assert.Equal(1, same.Ssim, 1e-9);
        Assert.Equal(20, worse.Psnr, 1e-4);                       // -10 log10 0.01
        Assert.InRange(worse.Ssim, 0.5, 0.99);
    }

    [Fact]
    public void Check_of_the_weights_names_what_they_show()
    {
        Tensor copying = Tensor.From((float[])[.. Enumerable.Range(0, 4 * 9).Select(i => i % 9 == 4 ? 1f : 0f)], [4, 1, 3, 3]);
        FirstLayerCheck check = FirstLayerCheck.Of(copying, 1);
        Assert.Equal((1, 4.0), (check.Rank, check.Redundancy));
        Assert.Contains(check.Warnings, text => text.Contains("copy the picture", StringComparison.Ordinal));
        FirstLayerCheck wide = FirstLayerCheck.Of(MorphSamples.Weights(3, 3, 3), 2);
        Assert.Equal((3, 0.25), (wide.Rank, wide.Redundancy));
        Assert.Empty(wide.Warnings);
        Assert.Equal(64 / 27.0, FirstLayerCheck.Of(MorphSamples.Weights(64, 3, 3), 5).Redundancy);
    }

    [Fact]
    public void Order_of_many_channels_is_found()
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8));
        using var morpher = new Morpher(key);
        Tensor weights = MorphSamples.Weights(520, 1, 3);
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, weights, stride: 1, padding: 1);
        Assert.Equal(key.ChannelOrder(520), ChannelMatching.Find(new LayerColumns(layer), weights)!.Value.Order);
    }
}
