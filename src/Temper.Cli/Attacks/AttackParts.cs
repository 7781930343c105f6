using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Formats.Npz;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using Temper.Training.Tracking;

namespace Temper.Cli.Attacks;

/// <summary>
/// Attacks samples in parts of at most 256. Each finished part is saved in the output folder, so that an interrupted
/// run continues with the next part. Results depend neither on the interruption nor on the number of ranks.
/// </summary>
internal sealed class AttackParts(
    CommandContext context, Attack attack, AttackSubject subject, int count, RankGroup ranks)
{
    /// <summary>
    /// Samples per part. With several ranks the parts are smaller, so that each rank attacks several parts and hard
    /// samples do not delay one rank.
    /// </summary>
    private readonly int _size = ranks.Size == 1 ? 256 : Math.Clamp(count / (4 * ranks.Size), 16, 256);

    private readonly Lazy<string> _identity = new(() => Identity(context, attack, subject, count));

    private AttackTarget Target => subject.Target;

    private string? Folder => context.Get(AttackSettings.Output) is { } output ? Path.Combine(output, "parts") : null;

    /// <summary>
    /// Throws if the attacked samples do not fit into one array, as the result needs; called before any of them is
    /// attacked.
    /// </summary>
    internal static void RequireRoom(int count, Shape sample)
    {
        if ((long)count * sample.Count > Array.MaxLength)
        {
            throw ToolException.Usage($"attack: the attacked samples do not fit into one array (got {count} of "
                + $"{sample}, expected at most {Array.MaxLength / sample.Count}); attack fewer with "
                + $"{AttackSettings.Limit.Flag}");
        }
    }

    /// <summary>
    /// Attacks this rank's share of the parts and saves them in the output folder. Returns when all ranks are done.
    /// </summary>
    internal void RunShare()
    {
        ranks.Share((count + _size - 1) / _size, part =>
        {
            int start = part * _size;
            (Tensor inputs, Tensor wanted) = Samples(start);
            string? file = FileOf(start, inputs, wanted);
            if (!File.Exists(file))
            {
                Run(start, inputs, wanted, file);
            }
        });
    }

    /// <summary>
    /// Attacks all samples and returns the result and the labels. Parts already saved in the output folder are read,
    /// not attacked again.
    /// </summary>
    internal (AttackResult Result, long[] Labels) Run()
    {
        var labels = new long[count];
        var rows = new List<SampleResult>(count);
        float[] adversarials = new float[count * Target.SampleShape.Count];
        using TensorBoardWriter? board =
            context.Get(AttackSettings.TensorBoard) && context.Get(AttackSettings.Output) is { } output
                ? new TensorBoardWriter(output, context.Time)
                : null;
        for (int start = 0; start < count; start += _size)
        {
            (Tensor inputs, Tensor wanted) = Samples(start);
            wanted.AsSpan<long>().CopyTo(labels.AsSpan(start));
            string? file = FileOf(start, inputs, wanted);
            AttackResult part = file is not null && File.Exists(file)
                ? AttackFiles.ReadPart(file)
                : Run(start, inputs, wanted, file);
            part.Adversarials.AsSpan<float>().CopyTo(adversarials.AsSpan(start * Target.SampleShape.Count));
            rows.AddRange(part.Samples);
            Write(board, rows, labels);
        }

        return (new AttackResult(Tensor.From(adversarials, [count, .. Target.SampleShape.AsSpan()]), rows), labels);
    }

    private int SizeOf(int start) => Math.Min(_size, count - start);

    private (Tensor Inputs, Tensor Labels) Samples(int start)
    {
        int size = SizeOf(start);
        (Tensor inputs, Tensor labels) = subject.Samples.Read(start, size);
        return (inputs.Reshape([size, .. Target.SampleShape.AsSpan()]), labels);
    }

    /// <summary>
    /// File of a saved part; null: no output folder. Its name depends on the samples and their labels, so that data
    /// that were changed in between do not get the results of the earlier ones.
    /// </summary>
    private string? FileOf(int start, Tensor inputs, Tensor labels)
    {
        if (Folder is null)
        {
            return null;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(inputs.AsSpan<float>()));
        hash.AppendData(MemoryMarshal.AsBytes(labels.AsSpan<long>()));
        string samples = Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
        return Path.Combine(Folder, $"{_identity.Value}-{start:D8}-{SizeOf(start)}-{samples}.npz");
    }

    /// <summary>Attacks a part and saves it in a file; null: it is not saved.</summary>
    private AttackResult Run(int start, Tensor inputs, Tensor wanted, string? file)
    {
        AttackResult part = Attack(inputs, wanted, start);
        if (file is not null)
        {
            Directory.CreateDirectory(Folder!);
            AttackFiles.SavePart(file, part);
        }

        return part;
    }

    /// <summary>Writes the statistics of the samples attacked so far to the event file.</summary>
    private void Write(TensorBoardWriter? board, List<SampleResult> rows, long[] labels)
    {
        if (board is null)
        {
            return;
        }

        RobustnessEvaluation sofar =
            Evaluate(new AttackResult(Tensor.From(Array.Empty<float>(), [0]), rows), labels[..rows.Count]);
        if (subject.Aim is null)
        {
            board.AddScalar("attack/clean_accuracy", rows.Count, (float)sofar.CleanAccuracy);
        }

        board.AddScalar("attack/robust_accuracy", rows.Count, (float)sofar.Accuracy);
        board.AddScalar("attack/median_size", rows.Count, (float)sofar.Result.MedianDistance(attack.Norm));
        board.AddScalar("attack/gradients", rows.Count, rows.Sum(row => (long)row.Backwards));
        board.Flush();
    }

    /// <summary>Evaluates some samples; perturbations beyond the radius do not count.</summary>
    private RobustnessEvaluation Evaluate(AttackResult result, long[] labels) =>
        new RobustnessEvaluation(attack, result, labels, [])
        {
            Epsilon = AttackSettings.Radius(context), Target = subject.Aim,
        }
        .LimitedToEpsilon();

    /// <summary>Deletes the saved parts after the attack is complete.</summary>
    internal void Remove()
    {
        if (Folder is { } folder && Directory.Exists(folder))
        {
            foreach (string file in Directory.GetFiles(folder, "*.npz"))
            {
                File.Delete(file);
            }

            if (!Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Directory.Delete(folder);
            }
        }
    }

    private AttackResult Attack(Tensor inputs, Tensor labels, int start)
    {
        var run = new AttackRun
        {
            BatchSize = context.Get(AttackSettings.Batch), Gradients = context.Get(AttackSettings.Budget),
        };
        try
        {
            AttackResult part = attack.Run(
                Target, inputs, subject.CriterionOf(labels.AsSpan<long>()),
                RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("attack"), run, context.Cancel);
            double accuracy = Evaluate(part, labels.ToArray<long>()).Accuracy;
            context.Terminal.Note($"{start + inputs.Shape[0]} of {count} samples: {accuracy * 100:F1} % of the last "
                + $"{inputs.Shape[0]} {(subject.Aim is null ? "still" : "not")} classified "
                + $"{(subject.Aim is null ? "correctly" : "as the target")}");
            return part;
        }
        catch (ArgumentException error)
        {
            throw new ToolException(ExitCode.BadInput, $"attack: samples from {start} on: {Failure.Text(error)}");
        }
        catch (OperationCanceledException)
        {
            string more = Folder is null
                ? "nothing was saved, because --output is not given"
                : $"{start} of {count} samples are saved; run the same command to continue";
            throw new ToolException(ExitCode.Interrupted, $"attack: interrupted; {more}");
        }
    }

    /// <summary>
    /// Identifies the parts of one attack on one model with one set of options; see <see cref="FileOf"/> for the
    /// samples.
    /// </summary>
    private static string Identity(CommandContext context, Attack attack, AttackSubject subject, int count)
    {
        AttackTarget target = subject.Target;
        string model = context.Require(ModelSource.Setting);
        var text = new StringBuilder().Append(attack)
            .Append('|').Append(context.Get(AttackSettings.Seed)).Append('|').Append(context.Get(AttackSettings.Budget))
            .Append('|').Append(target.Minimum).Append('|').Append(target.Maximum).Append('|')
            .Append(subject.Samples.Name).Append('|').Append(subject.Samples.Count).Append('|').Append(count);
        if (subject.Aim is { } aim)
        {
            text.Append("|target ").Append(aim);
        }

        foreach (string file in WeightsOf(model))
        {
            using FileStream stream = File.OpenRead(file);
            text.Append('|').Append(Convert.ToHexString(SHA256.HashData(stream)));
        }

        // The logits of some samples identify the preprocessing too, and the weights of a served model.
        (Tensor first, _) = subject.Samples.Read(0, Math.Min(count, 16));
        foreach (AttackTarget asked in (AttackTarget[])[target, .. subject.Surrogate is { } surrogate
            ? [surrogate]
            : Array.Empty<AttackTarget>()])
        {
            float[] logits = new float[first.Shape[0] * asked.Classes];
            asked.Scores(first.AsSpan<float>(), first.Shape[0], logits);
            text.Append('|').Append(Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(logits.AsSpan()))));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }

    /// <summary>
    /// Files with the weights of a model: the file itself, or those in its folder. Decisions on a few samples do not
    /// tell two networks apart.
    /// </summary>
    private static IEnumerable<string> WeightsOf(string model) =>
        File.Exists(model) ? [model]
        : Directory.Exists(model) ? [.. Directory.GetFiles(model, "*.safetensors").Order(StringComparer.Ordinal)]
        : [];
}
