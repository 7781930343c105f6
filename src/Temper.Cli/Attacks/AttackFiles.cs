using Temper.Data.Images;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using Temper.Wording;

namespace Temper.Cli.Attacks;

/// <summary>Reads and writes the files of an attack.</summary>
internal static class AttackFiles
{
    private const string Name = "adversarial.npz";

    private const int MaxPictures = 24;

    /// <summary>Writes <c>adversarial.npz</c>: arrays with one row per sample, in the order of the data.</summary>
    /// <param name="folder">Output folder, created if missing.</param>
    /// <param name="found">Result of the attack.</param>
    /// <param name="rows">Indices of the samples in the data; null: all samples from the first one on.</param>
    internal static void Write(string folder, RobustnessEvaluation found, IReadOnlyList<int>? rows)
    {
        AttackResult result = found.Result;
        KeyValuePair<string, Tensor>[] index = rows is null ? []
            : [KeyValuePair.Create("index", Tensor.From(rows.Select(row => (long)row).ToArray(), [rows.Count]))];
        Directory.CreateDirectory(folder);
        NpzFile.Save(Path.Combine(folder, Name), [
            KeyValuePair.Create("x_adv", result.Adversarials),
            Row("success", result, found.IsSuccess),
            Row("l2", result, sample => (float)sample.L2),
            Row("linf", result, sample => (float)sample.Linf),
            Row("l1", result, sample => (float)sample.L1),
            Row("l0", result, sample => (long)sample.L0),
            Row("forwards", result, sample => (long)sample.Forwards),
            Row("backwards", result, sample => (long)sample.Backwards),
            Row("first", result, sample => (long)sample.First),
            Row("margin", result, sample => sample.Margin),
            Row("outcome", result, sample => (long)sample.Outcome),
            Row("prediction", result, sample => (long)sample.Prediction),
            KeyValuePair.Create("label", Tensor.From([.. found.Labels], [found.Labels.Count])),
            .. index,
        ]);
    }

    internal static Tensor ReadAdversarials(string folder) =>
        NpzFile.Load(Path.Combine(folder, Name), ["x_adv"])["x_adv"];

    /// <summary>Saves a part of the samples with all values of its result, in double precision.</summary>
    internal static void SavePart(string file, AttackResult part) => NpzFile.Save(file, [
        KeyValuePair.Create("x_adv", part.Adversarials),
        KeyValuePair.Create("rows", Tensor.From(
            part.Samples.SelectMany(s => Bits(s)).ToArray(), [part.Samples.Count, 10])),
    ]);

    internal static AttackResult ReadPart(string file)
    {
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(file);
        if (!arrays.TryGetValue("rows", out Tensor? rows) || !arrays.TryGetValue("x_adv", out Tensor? x)
            || rows.Rank != 2 || rows.Shape[1] != 10 || rows.DType != DType.Int64)
        {
            throw new ModelFormatException(file, "attack: the saved part cannot be read; delete the file and run "
                + "the command again");
        }

        ReadOnlySpan<long> bits = rows.AsSpan<long>();
        var samples = new SampleResult[rows.Shape[0]];
        for (int i = 0; i < samples.Length; i++)
        {
            ReadOnlySpan<long> b = bits.Slice(i * 10, 10);
            samples[i] = new SampleResult(
                (AttackOutcome)b[0], Double(b[1]), Double(b[2]), Double(b[3]), Double(b[4]), (float)Double(b[5]),
                (int)b[6], (int)b[7], (int)b[8], (int)b[9]);
        }

        return new AttackResult(x, samples);
    }

    /// <summary>Writes the report, and the pictures as separate files.</summary>
    internal static void WriteReport(
        string folder, RobustnessEvaluation found, AttackSubject subject, Tensor inputs, string title)
    {
        var sections = RobustnessSection.Of(found, subject.Classes).ToList();
        Reporting.Documents.Picture[] pictures =
            [.. Triplets(folder, found, subject.Classes, inputs, subject.Target)];
        string aim = subject.Aim is { } target ? $", target class {Class(subject.Classes, target)}" : "";
        if (pictures.Length > 0)
        {
            sections.Insert(1, new Section("Clean, perturbation, adversarial", [new Paragraph(
                "The perturbation is scaled to be visible; gray means no change."), new PictureGrid(pictures)]));
        }

        new Report
        {
            Title = $"Robustness: {title}",
            Subtitle = $"temper attack, {found.Attack.Name}, {Plural.Of(found.Labels.Count, "sample")}{aim}",
            Sections = sections,
        }
            .Save(Path.Combine(folder, "report.html"));
    }

    private static IEnumerable<Reporting.Documents.Picture> Triplets(
        string folder, RobustnessEvaluation found, IReadOnlyList<string> classes, Tensor inputs, AttackTarget target)
    {
        Shape shape = target.SampleShape;
        if (shape.Rank != 3 || shape[0] is not (1 or 3))
        {
            yield break;
        }

        string pictures = Path.Combine(folder, "pictures");
        Directory.CreateDirectory(pictures);
        int written = 0, size = shape.Count;
        for (int i = 0; i < found.Labels.Count && written < MaxPictures / 3; i++)
        {
            SampleResult sample = found.Result.Samples[i];
            if (sample.Outcome != AttackOutcome.Fooled)
            {
                continue;
            }

            written++;
            float[] clean = inputs.AsSpan<float>().Slice(i * size, size).ToArray(),
                adversarial = found.Result.Adversarials.AsSpan<float>().Slice(i * size, size).ToArray();
            float scale = (float)(0.5 * (target.Maximum - target.Minimum) / Math.Max(sample.Linf, 1e-12)),
                middle = (target.Minimum + target.Maximum) / 2;
            float[] change = [.. clean.Zip(adversarial, (a, b) => middle + ((b - a) * scale))];
            string was = Class(classes, (int)found.Labels[i]), now = Class(classes, sample.Prediction);
            foreach ((string kind, float[] values, string caption) in new[]
            {
                ("clean", clean, was), ("change", change, $"L2 {sample.L2:G3}"), ("adversarial", adversarial, now),
            })
            {
                byte[] png = Png(values, shape, target);
                AtomicFile.Write(Path.Combine(pictures, $"{i:D5}-{kind}.png"), stream => stream.Write(png));
                yield return new Reporting.Documents.Picture(
                    png, caption, kind switch { "clean" => true, "adversarial" => false, _ => null });
            }
        }
    }

    private static byte[] Png(float[] planes, Shape shape, AttackTarget target)
    {
        (int channels, int area) = (shape[0], shape[1] * shape[2]);
        byte[] pixels = new byte[planes.Length];
        for (int i = 0; i < planes.Length; i++)
        {
            float part = (planes[i] - target.Minimum) / (target.Maximum - target.Minimum);
            pixels[(i % area * channels) + (i / area)] = (byte)Math.Clamp(MathF.Round(part * 255), 0, 255);
        }

        return PngEncoder.Encode(new Data.Images.Picture(shape[2], shape[1], channels, pixels));
    }

    private static string Class(IReadOnlyList<string> classes, int k) =>
        k >= 0 && k < classes.Count ? classes[k] : $"{k}";

    private static KeyValuePair<string, Tensor> Row<T>(string name, AttackResult result, Func<SampleResult, T> value)
        where T : unmanaged =>
            KeyValuePair.Create(name, Tensor.From(result.Samples.Select(value).ToArray(), [result.Samples.Count]));

    private static long[] Bits(SampleResult s) =>
    [
        (long)s.Outcome, BitConverter.DoubleToInt64Bits(s.L0), BitConverter.DoubleToInt64Bits(s.L1),
        BitConverter.DoubleToInt64Bits(s.L2), BitConverter.DoubleToInt64Bits(s.Linf),
        BitConverter.DoubleToInt64Bits(s.Margin), s.Forwards, s.Backwards, s.First, s.Prediction,
    ];

    private static double Double(long bits) => BitConverter.Int64BitsToDouble(bits);
}
