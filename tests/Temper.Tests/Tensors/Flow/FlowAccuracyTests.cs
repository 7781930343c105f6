using System.IO.Compression;
using System.Text.Json;
using Temper.Formats.Npz;
using Temper.Kernels;
using Temper.Kernels.Flow;
using Temper.Tensors;
using Temper.Testing;
using Xunit.Abstractions;

namespace Temper.Tests.Tensors.Flow;

/// <summary>Tests the accuracy of flow fields against known motion and against OpenCV.</summary>
public sealed class FlowAccuracyTests(ITestOutputHelper output)
{
    private static readonly string[] Clips =
    [
        "abseiling_k400", "armwrestling_demo", "carphone_pristine", "tree", "v_ApplyEyeMakeup_g01_c01", "v_BaseballPitch_g01_c01", "v_CricketShot_g04_c01_rgb",
    ];

    public static TheoryData<FlowMethod> Methods => new(Enum.GetValues<FlowMethod>());

    public static TheoryData<string, FlowMethod> ClipsAndMethods
    {
        get
        {
            var rows = new TheoryData<string, FlowMethod>();
            foreach (string clip in Clips)
            {
                rows.Add(clip, FlowMethod.TvL1);
                rows.Add(clip, FlowMethod.Farneback);
                rows.Add(clip, FlowMethod.InverseSearch);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Translations_of_up_to_four_pixels_are_found(FlowMethod method)
    {
        var size = new PlaneSize(64, 72);
        foreach ((double dx, double dy) in new[] { (0.5, 0.25), (2.0, -1.5), (-4.0, 0.0), (2.5, 3.0) })
        {
            float[] frames = [.. TestTextures.Draw(size, 0, 0).Concat(TestTextures.Draw(size, dx, dy)).Select(gray => (float)(gray / 255))];
            Tensor flow = Tensor.From(frames, [1, 2, 1, size.Height, size.Width]).OpticalFlow(OpticalFlowOptions.Of(method));
            ReadOnlySpan<float> values = flow.AsSpan<float>();
            double error = 0;
            int area = size.Height * size.Width, counted = 0;
            for (int i = 0; i < area; i++)
            {
                // The motion of pixels that enter at the border is undefined, so the border is excluded.
                if (i / size.Width is >= 8 and < 56 && i % size.Width is >= 8 and < 64)
                {
                    error += Math.Sqrt(Math.Pow(values[i] - dx, 2) + Math.Pow(values[area + i] - dy, 2));
                    counted++;
                }
            }

            output.WriteLine($"{method} ({dx}, {dy}): {error / counted:F4}");
            Assert.InRange(error / counted, 0, 0.2);
        }
    }

    [Fact]
    public void Flow_is_near_that_of_OpenCV_on_a_synthetic_pair()
    {
        using Stream file = typeof(FlowAccuracyTests).Assembly.GetManifestResourceStream("Temper.Tests.Tensors.Golden.flow.json")!;
        JsonElement golden = JsonDocument.Parse(file).RootElement;
        int side = golden.GetProperty("side").GetInt32();
        float[] frames = [.. Bytes("first").Concat(Bytes("second")).Select(gray => gray / 255f)];
        Tensor clip = Tensor.From(frames, [1, 2, 1, side, side]);
        foreach ((FlowMethod method, string name, double bar) in new[] { (FlowMethod.Farneback, "farneback", 0.02), (FlowMethod.TvL1, "tvl1", 0.2), (FlowMethod.TvL1, "dis", 0.2), (FlowMethod.InverseSearch, "dis", 0.05) })
        {
            byte[] raw = Bytes(name);
            float[] wanted = [.. Enumerable.Range(0, raw.Length / 2).Select(i => (float)BitConverter.ToHalf(raw, 2 * i))];
            double distance = Distance(Interleaved(clip.OpticalFlow(OpticalFlowOptions.Of(method)), 0), wanted);
            output.WriteLine($"{method} to OpenCV's {name}: {distance:F4}");
            Assert.InRange(distance, 0, bar);
        }

        byte[] Bytes(string name) => golden.GetProperty(name).GetBytesFromBase64();
    }

    /// <summary>
    /// On real clips, the distance of every method to OpenCV's Farneback and DIS flows exceeds the distance between
    /// those two by at most 0.1 pixels.
    /// </summary>
    [OutsideDataTheory("video")]
    [MemberData(nameof(ClipsAndMethods))]
    public void Flow_of_real_clips_is_near_that_of_OpenCV(string name, FlowMethod method)
    {
        const int Pairs = 8;
        Tensor frames = Read($"{name}.frames_u8"), farneback = Read($"{name}.flow_farneback_f16"), dis = Read($"{name}.flow_dis_f16");
        int area = 112 * 112;
        float[] clip = new float[(Pairs + 1) * 3 * area];
        ReadOnlySpan<byte> pixels = frames.AsSpan<byte>();
        for (int i = 0; i < clip.Length; i++)
        {
            clip[i] = pixels[(i / (3 * area) * 3 * area) + (i % area * 3) + (i / area % 3)] / 255f;
        }

        Tensor flow = Tensor.From(clip, [1, Pairs + 1, 3, 112, 112]).OpticalFlow(OpticalFlowOptions.Of(method));
        double toFarneback = 0, toDis = 0, between = 0;
        for (int pair = 0; pair < Pairs; pair++)
        {
            float[] own = Interleaved(flow, pair);
            float[] one = farneback.AsSpan<float>().Slice(pair * 2 * area, 2 * area).ToArray(), two = dis.AsSpan<float>().Slice(pair * 2 * area, 2 * area).ToArray();
            toFarneback += Distance(own, one) / Pairs;
            toDis += Distance(own, two) / Pairs;
            between += Distance(one, two) / Pairs;
        }

        output.WriteLine($"{name} {method}: to Farneback {toFarneback:F3}, to DIS {toDis:F3}; between them {between:F3}");
        if (method == FlowMethod.Farneback)
        {
            Assert.InRange(toFarneback, 0, 0.05);
        }
        else if (method == FlowMethod.InverseSearch)
        {
            Assert.InRange(toDis, 0, 0.2);
        }

        Assert.InRange(Math.Max(toFarneback, toDis), 0, between + 0.1);
    }

    private static Tensor Read(string name)
    {
        using FileStream file = File.OpenRead(OutsideData.PathOf($"video/{name}.npy.gz"));
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionMode.Decompress))
        {
            gzip.CopyTo(unpacked);
        }

        unpacked.Position = 0;
        return NpyFile.Read(unpacked, unpacked.Length, name);
    }

    private static float[] Interleaved(Tensor flow, int pair)
    {
        int area = flow.Shape[2] * flow.Shape[3];
        ReadOnlySpan<float> values = flow.AsSpan<float>();
        float[] result = new float[2 * area];
        for (int i = 0; i < area; i++)
        {
            result[2 * i] = values[(2 * pair * area) + i];
            result[(2 * i) + 1] = values[(((2 * pair) + 1) * area) + i];
        }

        return result;
    }

    private static double Distance(float[] a, float[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i += 2)
        {
            sum += Math.Sqrt(Math.Pow(a[i] - b[i], 2) + Math.Pow(a[i + 1] - b[i + 1], 2));
        }

        return sum / (a.Length / 2);
    }
}
