using System.Security.Cryptography;
using System.Text;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Formats.Npz;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Cli.Attacks;

/// <summary>
/// Attacks samples in parts of a few hundred. Each finished part is kept in the output folder, so that an interrupted run goes on with the next
/// one; results do not depend on where it was interrupted.
/// </summary>
internal sealed class AttackParts(CommandContext context, Attack attack, NetworkTarget target, Dataset samples, int count)
{
    private const int Size = 256;

    private string? Folder => context.Get(AttackSettings.Output) is { } output ? Path.Combine(output, "parts") : null;

    internal (AttackResult Result, long[] Labels) Run()
    {
        var labels = new long[count];
        var rows = new List<SampleResult>(count);
        float[] adversarials = new float[checked(count * target.SampleShape.Count)];
        string identity = Identity();
        for (int start = 0; start < count; start += Size)
        {
            int size = Math.Min(Size, count - start);
            (Tensor inputs, Tensor wanted) = samples.Read(start, size);
            inputs = inputs.Reshape([size, .. target.SampleShape.AsSpan()]);
            wanted.AsSpan<long>().CopyTo(labels.AsSpan(start));
            string? file = Folder is null ? null : Path.Combine(Folder, $"{identity}-{start:D8}.npz");
            AttackResult part = file is not null && File.Exists(file) ? AttackFiles.ReadPart(file) : Attack(inputs, wanted, start);
            if (file is not null && !File.Exists(file))
            {
                Directory.CreateDirectory(Folder!);
                AttackFiles.SavePart(file, part);
            }

            part.Adversarials.AsSpan<float>().CopyTo(adversarials.AsSpan(start * target.SampleShape.Count));
            rows.AddRange(part.Samples);
        }

        return (new AttackResult(Tensor.From(adversarials, [count, .. target.SampleShape.AsSpan()]), rows), labels);
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
                target, inputs, Criterion.Misclassified(labels.AsSpan<long>()), RandomStream.FromSeed(context.Get(AttackSettings.Seed)).Split("attack"), run, context.Cancel);
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
            .Append('|').Append(target.Minimum).Append('|').Append(target.Maximum).Append('|').Append(samples.Name).Append('|').Append(samples.Count).Append('|').Append(count);
        if (File.Exists(model))
        {
            text.Append('|').Append(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(model))));
        }

        (Tensor first, Tensor labels) = samples.Read(0, Math.Min(count, 16));
        text.Append('|').Append(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(first.AsSpan<float>()))));

        // The logits stand for weights and preprocessing, however the model is stored.
        float[] logits = new float[first.Shape[0] * target.Classes];
        target.Scores(first.AsSpan<float>(), first.Shape[0], logits);
        text.Append('|').Append(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(logits.AsSpan()))))
            .Append('|').AppendJoin(',', labels.AsSpan<long>().ToArray());
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }
}
