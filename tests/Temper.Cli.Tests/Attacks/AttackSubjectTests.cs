using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Attacks;

/// <summary>What is opened for an attack on samples.</summary>
public sealed class AttackSubjectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Samples are attacked in parts, so that a label in a late one would end an attack of hours.</summary>
    [Fact]
    public void A_label_that_is_no_output_is_refused_before_the_first_sample_is_attacked()
    {
        ModelFile.Save(
            Network.Build(InputSpec.Features(4, 0, 1), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1)), _folder["net.safetensors"]);
        NpzFile.Save(_folder["data.npz"], [
            KeyValuePair.Create("x_test", Tensor.From(new float[16], [4, 4])), KeyValuePair.Create("y_test", Tensor.From(new long[] { 0, 1, 1, 2 }, [4])),
        ]);
        var error = Assert.Throws<ToolException>(() => Open([]));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.Contains("a test label is not a class of the network (got 2 at sample 3 of data, expected 0 to 1)", error.Message, StringComparison.Ordinal);
        using AttackSubject some = Open([("limit", "3")]);
        Assert.Equal(2, some.Target.Classes);
    }

    [Theory]
    [InlineData(255f, 0.9f, true)]
    [InlineData(1f, 0.9f, false)]
    [InlineData(1f, 0.05f, true)]
    public void Bounds_that_the_samples_hardly_fill_are_noted(float bound, float largest, bool isNoted)
    {
        string? note = AttackSubject.BoundsNote((0, bound), [largest / 2, 0, largest]);
        Assert.Equal(isNoted, note?.Contains("fill only a small part of the bounds", StringComparison.Ordinal) ?? false);
        Assert.Null(AttackSubject.BoundsNote((0, bound), []));
    }

    private AttackSubject Open((string Name, string Text)[] given)
    {
        CommandContext context = Settings.Context(
            new AttackCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System);
        return AttackSubject.Open(context, _folder["net.safetensors"], _folder["data.npz"], Access.Gradients);
    }
}
