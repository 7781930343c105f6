using System.Globalization;
using Temper.Data.Images;
using Temper.Data.Video;
using Temper.Reporting.Documents;
using Temper.Tensors;
using Picture = Temper.Reporting.Documents.Picture;

namespace Temper.Robustness.Video;

/// <summary>Creates report sections about attacks on clips.</summary>
public static class VideoSection
{
    /// <summary>Factor by which changes are magnified in pictures.</summary>
    private const float Magnified = 16;

    /// <summary>Creates the table of attacks.</summary>
    /// <param name="rows">Table rows, the clean one first.</param>
    public static Section Table(IReadOnlyList<VideoRow> rows) => new("Attacks",
    [
        new Paragraph("Top-1 and top-5 are over all clips; frames, change, PSNR and SSIM over the clips whose class "
            + "changed. Noise has the same epsilon as the attacks."),
        new DataTable(
            [
                "attack", "#epsilon, 1/255", "#top-1", "#top-5", "#fooled", "#frames, median", "#frames, 90 %",
                "#mean change, 1/255", "#PSNR, dB", "#SSIM", "#forward passes", "#backward passes", "#seconds",
            ],
            [.. rows.Select(row => (string[])
            [
                row.Attack, Number(row.Levels, "0.##"), Percent(row.Top1), Percent(row.Top5),
                Percent(row.Fooled), Number(row.MedianFrames, "0.#"), Number(row.LateFrames, "0.#"),
                Number(row.MeanChange / row.Range * 255, "0.000"), Number(row.Psnr, "0.0"), Number(row.Ssim, "0.0000"),
                Number(row.Forwards, "N0"), Number(row.Backwards, "N0"), Number(row.Seconds, "0.0"),
            ])]),
    ]);

    /// <summary>
    /// Creates the section about one clip: its frames before and after, the change, and the optical flow before and
    /// after at the pair of frames where it changed most.
    /// </summary>
    /// <param name="clean">Clean clip <c>[T, C, H, W]</c>.</param>
    /// <param name="attacked">Attacked clip <c>[T, C, H, W]</c>.</param>
    /// <param name="flow">Optical flow method for the pictures; null: no pictures of optical flow.</param>
    /// <param name="was">Predicted class before the attack.</param>
    /// <param name="now">Predicted class after the attack.</param>
    public static Section Clip(Tensor clean, Tensor attacked, OpticalFlowOptions? flow, string was, string now)
    {
        Tensor change = ((attacked - clean) * Magnified) + 0.5f;
        List<Picture> pictures =
        [
            new(Strip(clean), was, true),
            new(Strip(change), FormattableString.Invariant(
                $"change, magnified {Magnified} times; gray: no change")),
            new(Strip(attacked), now, false),
            new(VideoClip.FromTensor(attacked, 10).ToAnimation(), "the attacked clip"),
        ];
        if (flow is not null)
        {
            (byte[] before, byte[] after, int pair) = FlowPictures(clean, attacked, flow);
            pictures.Add(new Picture(before, $"flow of frames {pair} and {pair + 1}, before"));
            pictures.Add(new Picture(after, $"flow of frames {pair} and {pair + 1}, after"));
        }

        return new Section($"{was} becomes {now}", [new PictureGrid(pictures)]);
    }

    /// <summary>Encodes all frames side by side as a PNG picture.</summary>
    public static byte[] Strip(Tensor clip)
    {
        VideoClip frames = VideoClip.FromTensor(clip);
        (int width, int row) = (frames.Width * frames.Frames, frames.Width * 3);
        byte[] pixels = new byte[width * frames.Height * 3];
        for (int i = 0; i < frames.Frames; i++)
        {
            for (int y = 0; y < frames.Height; y++)
            {
                frames.Frame(i).Slice(y * row, row).CopyTo(pixels.AsSpan((y * width * 3) + (i * row)));
            }
        }

        return PngEncoder.Encode(new Data.Images.Picture(width, frames.Height, 3, pixels));
    }

    private static (byte[] Before, byte[] After, int Pair) FlowPictures(
        Tensor clean, Tensor attacked, OpticalFlowOptions options)
    {
        (int height, int width) = (clean.Shape[2], clean.Shape[3]);
        float[] before = clean.Unsqueeze(0).OpticalFlow(options).ToArray<float>(),
            after = attacked.Unsqueeze(0).OpticalFlow(options).ToArray<float>();
        int size = 2 * height * width, pairs = before.Length / size;
        int pair = Enumerable.Range(0, pairs)
            .MaxBy(p => Enumerable.Range(p * size, size).Sum(i => Math.Abs((double)before[i] - after[i])));
        float[] one = Interleaved(before, pair * size, size), two = Interleaved(after, pair * size, size);
        double largest = Math.Max(FlowPicture.Longest(one), FlowPicture.Longest(two));
        return (PngEncoder.Encode(FlowPicture.Draw(one, height, width, largest)), PngEncoder.Encode(FlowPicture.Draw(
            two, height, width, largest)), pair);
    }

    private static float[] Interleaved(float[] planes, int start, int size)
    {
        float[] result = new float[size];
        for (int i = 0; i < size; i++)
        {
            result[i] = planes[start + (i % 2 * size / 2) + (i / 2)];
        }

        return result;
    }

    private static string Percent(double part) =>
        double.IsFinite(part) ? string.Create(CultureInfo.InvariantCulture, $"{part * 100:F1} %") : "-";

    private static string Number(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "-";
}
