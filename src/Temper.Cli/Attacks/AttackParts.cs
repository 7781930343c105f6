using System.Security.Cryptography;
using System.Text;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Formats.Npz;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using Temper.Training.Tracking;

namespace Temper.Cli.Attacks;

/// <summary>
/// Attacks samples in parts of a few hundred. Each finished part is kept in the output folder, so that an interrupted run goes on with the next
/// one; results do not depend on where it was interrupted.
/// </summary>
internal sealed class AttackParts(CommandContext context, Attack attack, AttackSubject subject, int count)
{
    private const int Size = 256;

    private AttackTarget Target => subject.Target;

    private string? Folder => context.Get(AttackSettings.Output) is { } output ? Path.Combine(output, "parts") : null;

    internal (AttackResult Result, long[] Labels) Run()
    {
        var labels = new long[count];
        var rows = new List<SampleResult>(count);
        float[] adversarials = new float[checked(count * Target.SampleShape.Count)];
        string identity = Identity();
        using TensorBoardWriter? board = context.Get(AttackSettings.TensorBoard) && context.Get(AttackSettings.Output) is { } output ? new TensorBoardWriter(output, context.Time) : null;
        for (int start = 0; start < count; start += Size)
        {
            int size = Math.Min(Size, count - start);
            (Tensor inputs, Tensor wanted) = subject.Samples.Read(start, size);
            inputs = inputs.Reshape([size, .. Target.SampleShape.AsSpan()]);
            wanted.AsSpan<long>().CopyTo(labels.AsSpan(start));
            string? file = Folder is null ? null : Path.Combine(Folder, $"{identity}-{start:D8}.npz");
            AttackResult part = file is not null && File.Exists(file) ? AttackFiles.ReadPart(file) : Attack(inputs, wanted, start);
            if (file is not null && !File.Exists(file))
            {
                Directory.CreateDirectory(Folder!);
                AttackFiles.SavePart(file, part);
            }

            part.Adversarials.AsSpan<float>().CopyTo(adversarials.AsSpan(start * Target.SampleShape.Count));
            rows.AddRange(part.Samples);
            Write(board, rows);
        }

        return (new AttackResult(Tensor.From(adversarials, [count, .. Target.SampleShape.AsSpan()]), rows), labels);
    }

    /// <summary>What is known after the samples so far.</summary>
    private void Write(TensorBoardWriter? board, List<SampleResult> rows)
    {
        if (board is null)
        {
            return;
        }

        var sofar = new RobustnessEvaluation(attack, new AttackResult(Tensor.From(Array.Empty<float>(), [0]), rows), [], []) { Epsilon = AttackSettings.Radius(context) };
        board.AddScalar("attack/clean_accuracy", rows.Count, (float)sofar.CleanAccuracy);
        board.AddScalar("attack/robust_accuracy", rows.Count, (float)sofar.Accuracy);
        board.AddScalar("attack/median_size", rows.Count, (float)sofar.Result.MedianDistance(attack.Norm));
        board.AddScalar("attack/gradients", rows.Count, rows.Sum(row => (long)row.Backwards));
        board.Flush();
    }

    /// <summary>Parts are of no use when everything is done.</summary>
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
        var run = new AttackRun { BatchSize = context.Get(AttackSettings.Batch), Gradients = context.Get(AttackSettings.Budget) };
        try
        {
            AttackResult part = attack.Run(
                Target, inputs, Criterion.Misclassified(labels.AsSpan<long>()), RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("attack"), run, context.Cancel);
            context.Terminal.Note($"{start + inputs.Shape[0]} of {count} samples: {part.RobustAccuracy * 100:F1} % of the last {inputs.Shape[0]} still right");
            return part;
        }
        catch (ArgumentException error)
        {
            throw new ToolException(ExitCode.BadInput, $"attack: samples from {start} on: {error.Message.Split(" (Parameter")[0]}");
        }
        catch (OperationCanceledException)
        {
            string more = Folder is null ? "nothing was kept, since no --output is named" : $"{start} of {count} samples are kept; the same command goes on";
            throw new ToolException(ExitCode.Interrupted, $"attack: interrupted; {more}");
        }
    }

    /// <summary>Names the parts of one attack on one model with one set of options.</summary>
    private string Identity()
    {
        string model = context.Require(ModelSource.Setting);
        var text = new StringBuilder().Append(attack).Append('|').Append(context.Get(AttackSettings.Seed)).Append('|').Append(context.Get(AttackSettings.Budget))
            .Append('|').Append(Target.Minimum).Append('|').Append(Target.Maximum).Append('|').Append(subject.Samples.Name).Append('|').Append(subject.Samples.Count).Append('|').Append(count);
        if (File.Exists(model))
        {
            text.Append('|').Append(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(model))));
        }

        (Tensor first, Tensor labels) = subject.Samples.Read(0, Math.Min(count, 16));
        text.Append('|').Append(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(first.AsSpan<float>()))));

        // The logits stand for weights and preprocessing, however the model is stored.
        foreach (AttackTarget asked in (AttackTarget[])[Target, .. subject.Surrogate is { } surrogate ? [surrogate] : Array.Empty<AttackTarget>()])
        {
            float[] logits = new float[first.Shape[0] * asked.Classes];
            asked.Scores(first.AsSpan<float>(), first.Shape[0], logits);
            text.Append('|').Append(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(logits.AsSpan()))));
        }

        text.Append('|').AppendJoin(',', labels.AsSpan<long>().ToArray());
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }
}
