using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Data.Images;
using Temper.Privacy.Audit;

namespace Temper.Cli.Tests.Commands;

/// <summary>Defaults of <c>temper morph</c>, and the pictures that <c>temper audit</c> saves.</summary>
public sealed class MorphCommandTests
{
    [Fact]
    public void An_estimate_has_the_padding_of_the_layer() => Assert.Equal(
        Settings.Resolve(new MorphLayerCommand()).Get(MorphSettings.Padding), Settings.Resolve(new MorphEstimateCommand()).Get(MorphSettings.Padding));

    /// <summary>Two pictures of two pixels in two lines; values that are not finite are black.</summary>
    [Fact]
    public void Recovered_pictures_stand_above_the_originals()
    {
        var finding = new AttackFinding
        {
            Name = "made up", Needs = "", Verdict = AttackFinding.Broken, Detail = "", Size = (1, 2, 2),
            Pictures = [[float.NaN, float.PositiveInfinity, 1, 2], [1, 1, -1, 0]], Truth = [[0, 0, 0.2f, 0], [1, 0.6f, 1, 1]],
        };
        Picture both = AuditCommand.SideBySide(finding);
        Assert.Equal((4, 4, 1), (both.Width, both.Height, both.Channels));
        byte[] expected =
        [
            0, 0, 255, 255,
            255, 255, 0, 0,
            0, 0, 255, 153,
            51, 0, 255, 255,
        ];
        Assert.Equal(expected, both.Pixels);
    }
}
