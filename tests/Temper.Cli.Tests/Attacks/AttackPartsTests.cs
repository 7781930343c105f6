using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Attacks;

/// <summary>The saved parts of an attack belong to the samples that were attacked.</summary>
public sealed class AttackPartsTests : IDisposable
{
    private const int Count = 40, Changed = 30;

    private static readonly Network Victim =
        Network.Build(InputSpec.Features(4, 0, 1), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The changed sample is far from the first ones, and the set keeps its name and its number of samples.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Data_that_were_changed_in_between_are_attacked_again(bool changesLabel)
    {
        float[] inputs = new float[Count * 4];
        RandomStream.FromSeed(2).FillUniform(inputs, 0.2f, 0.8f);
        long[] labels = [.. Enumerable.Range(0, Count).Select(i => i % 2L)];
        AttackResult first = Attacked("out", inputs, labels);
        Assert.Single(Saved());
        RequireSame(first, Attacked("out", inputs, labels));
        Assert.Single(Saved());
        if (changesLabel)
        {
            labels[Changed] = 1 - labels[Changed];
        }
        else
        {
            inputs[Changed * 4] = 0.9f;
        }

        AttackResult second = Attacked("out", inputs, labels);
        Assert.Equal(2, Saved().Length);
        RequireSame(Attacked("other", inputs, labels), second);
        Assert.False(
            first.Samples[Changed] == second.Samples[Changed]
            && first.Adversarials.ToArray<float>().SequenceEqual(second.Adversarials.ToArray<float>()));
    }

    /// <summary>The target stays the same, as decisions on the first samples may: the files tell the networks apart.</summary>
    [Fact]
    public void A_network_that_was_saved_again_in_its_folder_is_attacked_again()
    {
        float[] inputs = new float[Count * 4];
        RandomStream.FromSeed(2).FillUniform(inputs, 0.2f, 0.8f);
        long[] labels = new long[Count];
        ModelFile.Save(Victim, _folder["net"]);
        Attacked("out", inputs, labels, "net");
        Attacked("out", inputs, labels, "net");
        Assert.Single(Saved());
        ModelFile.Save(Victim.Initialize(RandomStream.FromSeed(3)), _folder["net"]);
        Attacked("out", inputs, labels, "net");
        Assert.Equal(2, Saved().Length);
    }

    private static void RequireSame(AttackResult expected, AttackResult found)
    {
        Assert.Equal(expected.Samples, found.Samples);
        Assert.Equal(expected.Adversarials.ToArray<float>(), found.Adversarials.ToArray<float>());
    }

    private string[] Saved() => Directory.GetFiles(_folder["out/parts"], "*.npz");

    /// <summary>Attacks the samples as an interrupted command does, which keeps its parts.</summary>
    private AttackResult Attacked(string output, float[] inputs, long[] labels, string model = "net.safetensors")
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = _folder[model], ["output"] = _folder[output], ["epsilon"] = "0.1", ["quiet"] = "true",
        };
        CommandContext context = Settings.Context(new AttackCommand(), flags, TimeProvider.System);
        var samples = new TensorDataset("data", Tensor.From(inputs.ToArray(), [Count, 4]), Tensor.From(labels.ToArray(), [Count]));
        using var subject = new AttackSubject(new NetworkTarget(Victim), samples, ["a", "b"]);
        using RankGroup ranks = RankGroup.Open();
        return new AttackParts(context, new Fgsm { Epsilon = 0.1 }, subject, Count, ranks).Run().Result;
    }
}
