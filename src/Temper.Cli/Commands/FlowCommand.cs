using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data.Images;
using Temper.Data.Video;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary><c>temper flow</c>: computes the optical flow of a clip.</summary>
internal sealed class FlowCommand()
    : ToolCommand("flow", "Compute the optical flow of a video; writes arrays, .flo files, pictures or a video")
{
    /// <summary>
    /// Number of frames processed together; the memory for their flow is small compared with that of the result.
    /// </summary>
    private const int FramesAtOnce = 16;

    private const string FloExtension = ".flo";
    private const string PictureExtension = ".png";

    private static readonly Setting<string?> Clip = Setting.Positional(
        "clip", "A video file, a folder of pictures, or frames uint8 [T, H, W, 3] as .npy or .npy.gz");

    private static readonly Setting<string> Method =
        Setting.Choice("method", "Method of optical flow", "tvl1", [.. FlowMethods.Names]);

    private static readonly Setting<string?> Output =
        Setting.Output("output", "An .npz with flow float32 [T-1, H, W, 2]: dx and dy in pixels", OutputKind.File);

    private static readonly Setting<string?> FloFolder =
        Setting.Output("flo", "Folder for .flo files, one per pair of frames", OutputKind.Folder);

    private static readonly Setting<string?> Pictures = Setting.Output(
        "pictures", "Folder for PNG pictures, one per pair: direction as hue, length as saturation",
        OutputKind.Folder);

    private static readonly Setting<string?> Video =
        new("video", "The same pictures as a video (.mkv, .avi, .mp4, .y4m)", null, text =>
        VideoFile.WrittenEndings.Contains(Path.GetExtension(text), StringComparer.OrdinalIgnoreCase)
            ? text
            : throw new FormatException("a name that ends in .mkv, .avi, .mp4 or .y4m"))
    {
        Writes = OutputKind.File,
    };

    private static readonly Setting<int> Start = Setting.Integer("start", "First frame", defaultValue: 0, minimum: 0);

    private static readonly Setting<int> Frames =
        Setting.Integer("frames", "Maximum number of frames to read", defaultValue: 256, minimum: 2);

    private static readonly Setting<int> Step = Setting.Integer("step", "Read every n-th frame", defaultValue: 1);

    private static readonly Setting<int> Scales =
        Setting.Integer("scales", "Sizes of the image pyramid; 0 = default of the method", defaultValue: 0, minimum: 0);

    private static readonly Setting<int> Warps = Setting.Integer(
        "warps", "Warps per scale (dis: rounds of refinement per scale; not farneback); 0 = default of the method",
        defaultValue: 0, minimum: 0);

    private static readonly Setting<int> Iterations = Setting.Integer(
        "iterations", "Iterations per warp (tvl1, horn-schunck), per scale (farneback) or per patch and scale (dis); "
            + "not lucas-kanade; 0 = default of the method",
        defaultValue: 0, minimum: 0);

    internal override IReadOnlyList<Setting> Settings =>
        field ??= [Clip, Method, Output, FloFolder, Pictures, Video, Start, Frames, Step, Scales, Warps, Iterations];

    internal override int Run(CommandContext context)
    {
        string source = context.Require(Clip);
        OpticalFlowOptions options = Options(context);
        VideoClip clip = VideoFile.Load(source, new VideoReadOptions
        {
            Start = context.Get(Start), Frames = context.Get(Frames), Step = context.Get(Step),
        });
        if (clip.Frames < 2)
        {
            throw new ToolException(
                ExitCode.BadInput, $"flow: {source}: a clip needs two frames or more (got {clip.Frames})");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        TimeSpan begin = context.Elapsed;
        float[] flow = Compute(context, clip, options);
        double seconds = (context.Elapsed - begin).TotalSeconds;
        if (context.Get(Output) is { } output)
        {
            NpzFile.Save(output, [KeyValuePair.Create(
                "flow", Tensor.From(flow, [clip.Frames - 1, clip.Height, clip.Width, 2]))]);
        }

        WriteFlo(context.Get(FloFolder), clip, flow);
        WritePictures(context, clip, flow);
        Tell(context, source, clip, flow, seconds);
        return ExitCode.Success;
    }

    private static OpticalFlowOptions Options(CommandContext context)
    {
        OpticalFlowOptions defaults = OpticalFlowOptions.Of(FlowMethods.ByName(context.Get(Method)));
        Setting<int>? unused = defaults.Method switch
        {
            FlowMethod.Farneback => Warps,
            FlowMethod.LucasKanade => Iterations,
            _ => null,
        };
        context.RefuseUnused(
            $"{Method.Flag} {context.Get(Method)}", unused is not null && context.Get(unused) > 0 ? [unused] : []);

        return defaults with
        {
            Scales = context.Get(Scales) is > 0 and var scales ? scales : defaults.Scales,
            Warps = context.Get(Warps) is > 0 and var warps ? warps : defaults.Warps,
            Iterations = context.Get(Iterations) is > 0 and var iterations ? iterations : defaults.Iterations,
        };
    }

    /// <summary>Computes the flow of all pairs of consecutive frames, <c>[T - 1, H, W, 2]</c>.</summary>
    private static float[] Compute(CommandContext context, VideoClip clip, OpticalFlowOptions options)
    {
        long area = (long)clip.Height * clip.Width, count = 2 * area * (clip.Frames - 1);
        if (count > Array.MaxLength)
        {
            throw new ToolException(ExitCode.BadInput, $"flow: the result would have {count} numbers (expected at most "
                + $"{Array.MaxLength}); reduce --frames");
        }

        float[] flow = new float[count];
        for (int start = 0; start < clip.Frames - 1; start += FramesAtOnce)
        {
            context.Cancel.ThrowIfCancellationRequested();
            VideoClip part = clip.Window(start, Math.Min(FramesAtOnce + 1, clip.Frames - start));
            using var scope = new TensorScope();
            ReadOnlySpan<float> planes = part.ToTensor().Unsqueeze(0).OpticalFlow(options).AsSpan<float>();
            for (int i = 0; i < planes.Length; i++)
            {
                long pair = start + (i / (2 * area));
                flow[(((pair * area) + (i % area)) * 2) + (i / area % 2)] = planes[i];
            }
        }

        return flow;
    }

    private static void WriteFlo(string? folder, VideoClip clip, float[] flow)
    {
        if (folder is null)
        {
            return;
        }

        int size = 2 * clip.Height * clip.Width;
        for (int pair = 0; pair < clip.Frames - 1; pair++)
        {
            FlowFile.Save(
                NumberedFiles.PathOf(folder, pair, FloExtension), flow.AsSpan(pair * size, size), clip.Height,
                clip.Width);
        }

        NumberedFiles.DeleteFrom(folder, clip.Frames - 1, FloExtension);
    }

    private static void WritePictures(CommandContext context, VideoClip clip, float[] flow)
    {
        (string? folder, string? video) = (context.Get(Pictures), context.Get(Video));
        if (folder is null && video is null)
        {
            return;
        }

        int size = 2 * clip.Height * clip.Width;
        double largest = FlowPicture.Longest(flow);
        byte[] frames = new byte[(clip.Frames - 1) * clip.Height * clip.Width * 3];
        for (int pair = 0; pair < clip.Frames - 1; pair++)
        {
            Picture picture = FlowPicture.Draw(flow.AsSpan(pair * size, size), clip.Height, clip.Width, largest);
            picture.Pixels.CopyTo(frames, pair * picture.Pixels.Length);
            if (folder is not null)
            {
                byte[] png = PngEncoder.Encode(picture);
                AtomicFile.Write(NumberedFiles.PathOf(folder, pair, PictureExtension), stream => stream.Write(png));
            }
        }

        if (folder is not null)
        {
            NumberedFiles.DeleteFrom(folder, clip.Frames - 1, PictureExtension);
        }

        if (video is not null)
        {
            VideoFile.Save(
                video, new VideoClip(clip.Frames - 1, clip.Height, clip.Width, frames, clip.FramesPerSecond),
                quality: 18);
        }
    }

    private static void Tell(CommandContext context, string source, VideoClip clip, float[] flow, double seconds)
    {
        double mean = 0;
        for (int i = 0; i < flow.Length; i += 2)
        {
            mean += Math.Sqrt((flow[i] * (double)flow[i]) + (flow[i + 1] * (double)flow[i + 1]));
        }

        (mean, double longest) = (mean / (flow.Length / 2), FlowPicture.Longest(flow));
        if (context.IsJson)
        {
            JsonResult.Write("flow", new JsonObject
            {
                ["clip"] = source,
                ["method"] = context.Get(Method),
                ["frames"] = clip.Frames,
                ["height"] = clip.Height,
                ["width"] = clip.Width,
                ["frames_per_second"] = JsonResult.Number(clip.FramesPerSecond),
                ["mean_length"] = JsonResult.Number(mean),
                ["longest"] = JsonResult.Number(longest),
                ["seconds"] = JsonResult.Number(seconds),
                ["output"] = context.Get(Output),
            });
            return;
        }

        new ResultTable($"flow of {source} by {context.Get(Method)}", "", "#value")
            .Row("frames", $"{clip.Frames}, {clip.Width} x {clip.Height}")
            .Row("mean length", $"{mean:F3} pixels").Row("longest", $"{longest:F2} pixels")
            .Row("time", $"{seconds:F2} s").Write(context.Terminal);
    }
}

/// <summary>The methods of optical flow by their names on the command line.</summary>
internal static class FlowMethods
{
    private static readonly (string Name, FlowMethod Method)[] All =
    [
        ("tvl1", FlowMethod.TvL1), ("horn-schunck", FlowMethod.HornSchunck), ("lucas-kanade", FlowMethod.LucasKanade),
        ("farneback", FlowMethod.Farneback),
        ("dis", FlowMethod.InverseSearch),
    ];

    internal static IEnumerable<string> Names => All.Select(row => row.Name);

    internal static FlowMethod ByName(string name) =>
        All.First(row => string.Equals(row.Name, name, StringComparison.Ordinal)).Method;
}
