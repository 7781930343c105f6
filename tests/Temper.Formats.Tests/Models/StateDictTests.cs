using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Tests.Models;

/// <summary>State dicts whose names or tensors PyTorch has wrapped.</summary>
public sealed class StateDictTests : IDisposable
{
    private static readonly Tensor Weight = Tensor.From([3f, 4, 0, 1, 2, -2], [2, 3]), Bias = Tensor.From([5f, 6], [2]);

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-state-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("model.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("module.net.")]
    public void Prefix_of_all_names_is_removed(string prefix)
    {
        Network network = Loaded("fc", (prefix + "fc.weight", Weight), (prefix + "fc.bias", Bias));
        Assert.Equal(Weight.ToArray<float>(), network.Parameters["fc.weight"].Value.ToArray<float>());
        Assert.Equal(Bias.ToArray<float>(), network.Parameters["fc.bias"].Value.ToArray<float>());
    }

    /// <summary>A network whose own names share a prefix, for example one exported from DataParallel.</summary>
    [Fact]
    public void Prefix_that_the_network_has_too_is_kept()
    {
        Network network = Loaded("module.fc", ("module.fc.weight", Weight), ("module.fc.bias", Bias));
        Assert.Equal(Weight.ToArray<float>(), network.Parameters["module.fc.weight"].Value.ToArray<float>());
        string saved = Path.Combine(_folder, "saved.safetensors");
        ModelFile.Save(network, saved);
        Assert.Equal(Weight.ToArray<float>(), ModelFile.Load(saved).Parameters["module.fc.weight"].Value.ToArray<float>());
    }

    [Fact]
    public void Prefix_of_some_names_is_refused() =>
        Assert.Contains("unexpected: net.fc.weight", Refusal(("net.fc.weight", Weight), ("fc.bias", Bias)));

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    public void Pruned_weight_is_masked_and_keeps_its_mask(string prefix)
    {
        Tensor mask = Tensor.From([1f, 0, 1, 0, 1, 1], [2, 3]);
        Network network = Loaded("fc", (prefix + "fc.bias", Bias), (prefix + "fc.weight_orig", Weight), (prefix + "fc.weight_mask", mask));
        Assert.Equal([3f, 0, 0, 0, 2, -2], network.Parameters["fc.weight"].Value.ToArray<float>());
        Assert.Equal(mask.ToArray<float>(), network.Parameters["fc.weight"].Mask!.ToArray<float>());
        Assert.Null(network.Parameters["fc.bias"].Mask);
    }

    /// <summary>The rows have lengths 5 and 3, and get lengths 10 and -6.</summary>
    [Theory]
    [InlineData("fc.weight_g", "fc.weight_v")]
    [InlineData("fc.parametrizations.weight.original0", "fc.parametrizations.weight.original1")]
    [InlineData("model.fc.parametrizations.weight.original0", "model.fc.parametrizations.weight.original1")]
    public void Weight_normalization_is_computed(string length, string direction)
    {
        string prefix = length[..length.IndexOf("fc", StringComparison.Ordinal)];
        Network network = Loaded("fc", (prefix + "fc.bias", Bias), (length, Tensor.From([10f, -6], [2, 1])), (direction, Weight));
        Assert.Equal([6f, 8, 0, -2, -4, 4], network.Parameters["fc.weight"].Value.ToArray<float>());
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        string mask = Refusal(("fc.bias", Bias), ("fc.weight_orig", Weight), ("fc.weight_mask", Tensor.Ones([3, 2])));
        Assert.Contains("in two parts that do not fit: fc.weight (fc.weight_orig: got Float32 [2, 3]", mask);
        Assert.Contains("fc.weight_mask: got Float32 [3, 2], expected [2, 3])", mask);
        Assert.DoesNotContain("missing", mask);
        Assert.DoesNotContain("at byte", mask);
        Assert.Contains("fc.weight_g: got Float32 [1, 3], expected Float32 [2, 1]", Refusal(("fc.bias", Bias), ("fc.weight_g", Tensor.Ones([1, 3])), ("fc.weight_v", Weight)));
        Assert.Contains("0 and 1", Refusal(("fc.bias", Bias), ("fc.weight_orig", Weight), ("fc.weight_mask", Weight)));
        Assert.Contains("unexpected: fc.weight_orig", Refusal(("fc.bias", Bias), ("fc.weight_orig", Weight)));
    }

    /// <summary>Two pairs for one weight, or two masks: it is not known which one the network should get.</summary>
    [Fact]
    public void Weight_that_is_stored_in_several_ways_is_refused()
    {
        Tensor mask = Tensor.Ones([2, 3]);
        string pairs = Refusal(
            ("fc.bias", Bias), ("fc.weight_orig", Weight), ("fc.weight_mask", mask), ("fc.weight_g", Tensor.Ones([2, 1])), ("fc.weight_v", Weight));
        Assert.Contains("missing: fc.weight [2, 3]", pairs);
        Assert.Contains("unexpected: fc.weight_", pairs);
        foreach (string part in new[] { "orig", "mask", "g", "v" })
        {
            Assert.Contains($"fc.weight_{part}", pairs);
        }

        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2, name: "fc"));
        var two = StateDict.Of([new("fc.bias", Bias), new("fc.weight_orig", Weight), new("fc.weight_mask", mask), new("fc.weight.mask", Tensor.Zeros([2, 3]))]);
        Assert.Contains("unexpected: fc.weight_orig, fc.weight_mask;", two.Misfits(network.Graph, ".mask") + ";");
    }

    private string Refusal(params (string Name, Tensor Value)[] tensors) =>
        Assert.Throws<ModelFormatException>(() => Loaded("fc", tensors)).Message;

    private Network Loaded(string layer, params (string Name, Tensor Value)[] tensors)
    {
        string path = Path.Combine(_folder, "x.safetensors");
        new SafetensorsFile([.. tensors.Select(tensor => KeyValuePair.Create(tensor.Name, tensor.Value))]).Save(path);
        return ModelFile.LoadWeights(Network.Build(InputSpec.Features(3), x => x.Linear(2, name: layer)), path);
    }
}
