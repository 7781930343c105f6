using System.Text;

namespace Temper.Reporting.Documents;

/// <summary>A picture with a caption, for example the network's prediction.</summary>
/// <param name="Png">Content of a PNG file.</param>
/// <param name="Caption">Text below the picture.</param>
/// <param name="IsRight">Marks the picture as right or wrong; null: no mark.</param>
public sealed record Picture(ReadOnlyMemory<byte> Png, string Caption, bool? IsRight = null);

/// <summary>A grid of small pictures, embedded in the page so that it needs no other files.</summary>
/// <param name="Pictures">Pictures in reading order.</param>
public sealed record PictureGrid(IReadOnlyList<Picture> Pictures) : Block
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "pictures"));
        foreach (Picture picture in Pictures)
        {
            string mark =
                picture.IsRight switch { true => "picture right", false => "picture wrong", null => "picture" };
            html.Open("div", ("class", mark))
                .Empty(
                    "img", ("src", $"data:image/png;base64,{Convert.ToBase64String(picture.Png.Span)}"),
                    ("alt", picture.Caption))
                .Leaf("span", picture.IsRight switch { true =>
                    $"✓ {picture.Caption}", false => $"✗ {picture.Caption}", null => picture.Caption })
                .Close();
        }

        html.Close();
    }

    internal static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    internal override string? Problem() => Pictures.All(picture => picture is not null && IsPng(picture.Png.Span))
        ? null
        : "a picture is not a PNG file";
}

/// <summary>
/// An SVG drawing. It is embedded as an image, not as markup, so that it cannot run scripts or load anything.
/// </summary>
/// <param name="Svg">Content of an SVG file.</param>
/// <param name="Caption">Caption; also the alternative text.</param>
public sealed record Drawing(string Svg, string Caption) : Block
{
    internal override void Write(Markup html) => html.Open("figure", ("class", "drawing")).Leaf("figcaption", Caption)
        .Empty(
            "img", ("src", $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(Svg))}"),
            ("alt", Caption)).Close();

    internal override string? Problem() =>
        Svg.StartsWith("<svg", StringComparison.Ordinal) ? null : "a drawing is not an SVG file";
}
