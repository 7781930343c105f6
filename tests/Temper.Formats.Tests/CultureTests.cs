using System.Text;
using Temper.Formats.TorchCheckpoints;
using Temper.Testing;

namespace Temper.Formats.Tests;

/// <summary>Files are read the same in every culture.</summary>
public sealed class CultureTests
{
    /// <summary>
    /// Written by Python: <c>pickle.dumps({'lr': 1.5, 'epoch': -12, 'steps': 1234567890123, 'of': 'lr', 'done': True,
    /// 'rate': 1e-05}, protocol=0)</c>, with one object for both texts.
    /// </summary>
    private const string TextPickle =
        "(dp0\nVlr\np1\nF1.5\nsVepoch\np2\nI-12\nsVsteps\np3\nL1234567890123L\nsVof\np4\ng1\nsVdone\np5\nI01\nsVrate\np6\nF1e-05\ns.";

    [Fact]
    public void Numbers_of_a_text_pickle_are_read()
    {
        using var commas = new CommaCulture();
        PickleDictionary found = Read(TextPickle);
        Assert.Equal(["lr", "epoch", "steps", "of", "done", "rate"], found.Items.Select(item => item.Key));
        Assert.Equal((object?[])[1.5, -12L, 1_234_567_890_123L, "lr", true, 1e-5], found.Items.Select(item => item.Value));
    }

    [Fact]
    public void Values_beside_the_tensors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        IReadOnlyDictionary<string, string> values = StateDictSearch.In(Read(TextPickle)).Values;
        Assert.Equal(("1.5", "-12", "lr"), (values["lr"], values["epoch"], values["of"]));
    }

    [Fact]
    public void Number_with_a_comma_is_refused() => Assert.Throws<ModelFormatException>(() => Read("(dVlr\nF1,5\ns."));

    private static PickleDictionary Read(string pickle)
    {
        var reader = new ByteReader(new MemoryStream(Encoding.ASCII.GetBytes(pickle)), "x.pkl", "PyTorch");
        return Assert.IsType<PickleDictionary>(new PickleReader(reader).Read());
    }
}
