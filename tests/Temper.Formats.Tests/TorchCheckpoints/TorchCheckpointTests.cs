using System.Text;
using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Formats.TorchCheckpoints;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.TorchCheckpoints;

/// <summary>State dicts written by PyTorch, and malformed files that resemble them.</summary>
public sealed class TorchCheckpointTests
{
    private const string Resources = "Temper.Formats.Tests.Golden";
    private const string Cases = "../cases/state-dicts";

    public static TheoryData<string> Good => Names(test => !test.TryGetProperty("refused", out _));

    public static TheoryData<string> Refused => Names(test => test.TryGetProperty("refused", out _));

    public static TheoryData<string> Hostile => [.. HostileFiles().Keys];

    [Theory]
    [MemberData(nameof(Good))]
    public void State_dict_has_the_names_shapes_and_values_that_PyTorch_wrote(string name)
    {
        using JsonDocument golden = Golden("torch_checkpoints.json");
        JsonElement test = golden.RootElement.GetProperty(name);
        TorchCheckpoint found = Read(test.GetProperty("file").GetBytesFromBase64());
        JsonElement[] expected = [.. test.GetProperty("tensors").EnumerateArray()];
        Assert.Equal(expected.Select(tensor => tensor.GetProperty("name").GetString()), found.Tensors.Select(tensor => tensor.Key));
        foreach ((JsonElement tensor, Tensor x) in expected.Zip(found.Tensors, (e, f) => (e, f.Value)))
        {
            Assert.Equal(tensor.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32()), x.Shape);
            Assert.Equal(tensor.GetProperty("values").EnumerateArray().Select(value => (float)value.GetDouble()), x.To(DType.Float32).ToArray<float>());
        }

        if (test.TryGetProperty("values", out JsonElement values))
        {
            Assert.All(values.EnumerateObject(), value => Assert.Equal(value.Value.GetString(), found.Values[value.Name]));
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_no_state_dict_is_refused_by_name(string name)
    {
        using JsonDocument golden = Golden("torch_checkpoints.json");
        JsonElement test = golden.RootElement.GetProperty(name);
        var error = Assert.Throws<ModelFormatException>(() => Read(test.GetProperty("file").GetBytesFromBase64()));
        Assert.Contains(test.GetProperty("refused").GetString()!, error.Message);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_pickle_is_refused(string name)
    {
        byte[] file = HostileFiles()[name];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFormatException>(() => Read(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    /// <summary>A small file cannot make the reader copy a list or a key again and again.</summary>
    [Fact]
    public void Pickle_that_grows_far_beyond_its_file_is_refused()
    {
        // A list of 60,000 pairs becomes a dictionary a hundred times, with six bytes each time.
        AssertRefused("steps", Pickles(
            "]q\0X\u0001\0\0\0aN\u0086q\u00010(" + Repeated("h\u0001", 60_000) + "e\u0085q\u00020ccollections\nOrderedDict\nq\u00030"
            + Repeated("h\u0003h\u0002R0", 100) + "N"));

        // A text of 3,000 characters is remembered, and becomes both parts of 3,000 names.
        AssertRefused("steps", Pickles("X\u00B8\u000B\0\0" + new string('a', 3000) + "q\00" + Repeated("h\0h\0\u00930", 3000) + View("K\0", "K\u0004\u0085", "K\u0001\u0085")));
        string line = new('a', 4000);
        byte[] lines = Pickles(Repeated($"c{line}\n{line}\n0", 600) + View("K\0", "K\u0004\u0085", "K\u0001\u0085"));
        Assert.Contains("steps", Assert.Throws<ModelFormatException>(() => Read(lines)).Message);

        string ones = "(" + Repeated("K\u0001", 100) + "t";
        AssertRefused("too many axes (got 100, expected at most 64)", Pickles(View("K\0", ones, ones)));

        string key = "X\u00B8\u000B\0\0" + new string('a', 3000);
        AssertRefused("names are too long (got 6001 characters", Pickles("}" + key + "}" + key + View("K\0", "K\u0004\u0085", "K\u0001\u0085") + "ss"));
        AssertRefused("names are too long", Pickles("}" + key + "](" + Repeated("N", 20_000) + "es" + "X\u0001\0\0\0b" + View("K\0", "K\u0004\u0085", "K\u0001\u0085") + "s"));

        static string Repeated(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

        static void AssertRefused(string reason, byte[] file)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Contains(reason, Assert.Throws<ModelFormatException>(() => Read(file)).Message);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
        }
    }

    /// <summary>A training that saved the loss of each of its steps.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void State_dict_beside_a_million_losses_is_found(bool isEntry)
    {
        string part = "(" + string.Concat(Enumerable.Repeat("K\u0001", 10_000)) + "e";
        string losses = Text("losses") + "]" + string.Concat(Enumerable.Repeat(part, 100)) + "s";
        string state = View("K\0", "K\u0004\u0085", "K\u0001\u0085");
        string content = isEntry ? "}" + Text("state_dict") + state + "s" + losses : state + losses;
        TorchCheckpoint found = Read(Pickles(content + Text("few") + "](K\u0001K\u0002es"));
        Assert.Equal(["w"], found.Tensors.Select(tensor => tensor.Key));
        Assert.Equal(["few.0", "few.1"], found.Values.Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>A small file cannot make the search visit a long list without end.</summary>
    [Fact]
    public void Long_list_that_is_referred_to_again_and_again_is_refused()
    {
        string numbers = "](" + string.Concat(Enumerable.Repeat("K\u0001", 60_000)) + "eq\00";
        byte[] file = Pickles(numbers + "](](" + string.Concat(Enumerable.Repeat("h\0", 60_000)) + "e](" + OneView() + "ee");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("too many numbers", Assert.Throws<ModelFormatException>(() => Read(file)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    /// <summary>The largest number of 64 bits as an offset; the sum of two of them is -2 if it wraps.</summary>
    [Fact]
    public void Offset_or_shape_that_overflows_is_refused_by_name()
    {
        const string Largest = "\u008A\u0008\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u007F", Axis = "J\u00FF\u00FF\u00FF\u007F";
        string view = View(Largest, "K\u0004\u0085", "K\u0001\u0085").Replace("K\u0004tQ", $"K\u0004(X\u0001\0\0\0v{Largest}K\u0004ttQ", StringComparison.Ordinal);
        Assert.Contains("tensor 'w' has an invalid offset", Refusal(view));
        Assert.Contains("tensor 'w' has an invalid offset", Refusal(View("J\u00FF\u00FF\u00FF\u00FF", "K\u0001\u0085", "K\u0001\u0085")));
        Assert.Contains("tensor 'w' has an invalid shape", Refusal(View("K\0", $"({Axis}{Axis}{Axis}K\0t", "(K\0K\0K\0K\0t")));

        static string Refusal(string body) => Assert.Throws<ModelFormatException>(() => Read(Pickles(body))).Message;
    }

    [Fact]
    public void Storage_of_an_unknown_class_is_named()
    {
        byte[] file = Pickles(View("K\0", "K\u0004\u0085", "K\u0001\u0085").Replace("FloatStorage", "QInt8Storage", StringComparison.Ordinal));
        Assert.Contains("storage 'k' is not used by any tensor, or its class is not known", Assert.Throws<ModelFormatException>(() => Read(file)).Message);
    }

    /// <summary>As the ImageNet example of PyTorch saves it: a tensor lies beside the state dict.</summary>
    [Theory]
    [InlineData("state_dict")]
    [InlineData("model_state_dict")]
    [InlineData("model")]
    [InlineData("net")]
    public void State_dict_beside_a_loose_tensor_is_found(string name) =>
        Assert.Equal(["w"], Read(Pickles("}" + Text("best_acc1") + OneView() + "s" + Text(name) + View("K\0", "K\u0004\u0085", "K\u0001\u0085") + "s")).Tensors.Select(tensor => tensor.Key));

    [Fact]
    public void Tensor_with_a_usual_name_is_no_state_dict() =>
        Assert.Equal(["model", "w"], Read(Pickles("}" + Text("model") + OneView() + "s" + Text("w") + OneView() + "s")).Tensors.Select(tensor => tensor.Key));

    /// <summary>Objects of unknown classes, made, filled and nested in every way that a pickle has.</summary>
    [Theory]
    [InlineData("cargparse\nNamespace\n)\u0081}X\u0002\0\0\0lrK\u0001sb")]
    [InlineData("cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\u0002\0\0\0f8\u0085Rccodecs\nencode\nX\u0001\0\0\0a\u0085R\u0086R")]
    [InlineData("ca\nB\n)}\u0092")]
    [InlineData("cos\nsystem\nX\u0004\0\0\0true\u0085R")]
    [InlineData("ca\nList\n)\u0081K\u0001a(K\u0002K\u0003e")]
    [InlineData("ca\nMap\n)\u0081K\u0001K\u0002s(K\u0001K\u0002u")]
    [InlineData("}ca\nKey\nK\u0001s")]
    [InlineData("ccollections\nOrderedDict\nca\nB\n\u0085R")]
    [InlineData("(X\u0006\0\0\0modulecz\nNet\nX\u0001\0\0\0aX\u0001\0\0\0btQ)R")]
    public void Class_beside_the_state_dict_is_skipped_and_within_it_refused(string opaque)
    {
        string state = View("K\0", "K\u0004\u0085", "K\u0001\u0085");
        TorchCheckpoint found = Read(Pickles("}" + Text("state_dict") + state + "s" + Text("args") + opaque + "s" + Text("epoch") + "K\u0007s"));
        Assert.Equal(["w"], found.Tensors.Select(tensor => tensor.Key));
        Assert.Equal("7", found.Values["epoch"]);

        foreach (string bad in new[] { state + Text("x") + opaque + "s", "}" + Text("state_dict") + state + Text("x") + opaque + "ss" })
        {
            Assert.Contains("is not allowed in a state dict; nothing was executed", Assert.Throws<ModelFormatException>(() => Read(Pickles(bad))).Message);
        }
    }

    [Fact]
    public void Class_in_place_of_the_state_dict_is_refused_though_other_tensors_are_there()
    {
        byte[] file = Pickles("}" + Text("model") + "cmine\nNet\n)\u0081s" + Text("optimizer") + View("K\0", "K\u0004\u0085", "K\u0001\u0085") + "s");
        Assert.Contains("'mine.Net' is not allowed", Assert.Throws<ModelFormatException>(() => Read(file)).Message);
    }

    [OutsideDataTheory(Cases)]
    [InlineData("p_orig_mod.pt", "pexp.npy")]
    [InlineData("p_lightning_model.ckpt", "pexp.npy")]
    [InlineData("imagenet_example.pth.tar", "pexp.npy")]
    [InlineData("ck_namespace.pt", "pexp.npy")]
    [InlineData("ck_npscalar.pt", "pexp.npy")]
    [InlineData("wc.npz", "pexp.npy")]
    [InlineData("pruned_orig_mask.pt", "pexp_pruned.npy")]
    [InlineData("weight_norm.pt", "pexp_wn.npy")]
    public void Checkpoint_gives_the_outputs_of_PyTorch(string file, string expected)
    {
        Network network = ModelFile.Load(OutsideData.PathOf($"{Cases}/{file}"), "plain-1-1-1");
        float[] wanted = NpyFile.Load(OutsideData.PathOf($"{Cases}/{expected}")).ToArray<float>();
        float[] found = network.Forward(NpyFile.Load(OutsideData.PathOf($"{Cases}/px.npy"))).ToArray<float>();
        Assert.Equal(wanted.Length, found.Length);
        Assert.All(wanted.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-4f * (1 + MathF.Abs(pair.First))));
        Assert.Equal(file.StartsWith("pruned", StringComparison.Ordinal) ? 2 : 0, network.Parameters.Count(parameter => parameter.Mask is not null));
    }

    [OutsideDataTheory("mnist-models", "cifar10-resnet-checkpoints")]
    [InlineData("mnist-models/convex_mnist", ".pth")]
    [InlineData("mnist-models/fmn_mnist", ".pt")]
    [InlineData("cifar10-resnet-checkpoints/resnet20-12fca82f", ".th")]
    [InlineData("cifar10-resnet-checkpoints/resnet56-4bfd9763", ".th")]
    public void Published_file_is_bit_equal_to_its_twin(string file, string extension)
    {
        SafetensorsFile twin = SafetensorsFile.Load(OutsideData.PathOf($"{file}.safetensors"));
        TorchCheckpoint found = TorchCheckpoint.Load(OutsideData.PathOf(file + extension));
        Assert.Equal(twin.Tensors.Count, found.Tensors.Count);
        foreach ((string name, Tensor tensor) in found.Tensors)
        {
            Tensor expected = twin.Tensors.Single(entry => string.Equals(Bare(entry.Key), Bare(name), StringComparison.Ordinal)).Value;
            Assert.Equal((expected.DType, expected.Shape), (tensor.DType, tensor.Shape));
            Assert.True(Elements.Write(expected).SequenceEqual(Elements.Write(tensor)), name);
        }

        static string Bare(string name) => name.StartsWith("module.", StringComparison.Ordinal) ? name["module.".Length..] : name;
    }

    [OutsideDataFact("mnist-models")]
    public void Another_published_file_is_as_PyTorch_reads_it()
    {
        using JsonDocument golden = Golden("burn_mnist.json");
        TorchCheckpoint found = TorchCheckpoint.Load(OutsideData.PathOf("mnist-models/burn_mnist.pt"));
        JsonElement[] expected = [.. golden.RootElement.EnumerateArray()];
        Assert.Equal(expected.Select(tensor => tensor.GetProperty("name").GetString()), found.Tensors.Select(tensor => tensor.Key));
        foreach ((JsonElement tensor, Tensor x) in expected.Zip(found.Tensors, (e, f) => (e, f.Value)))
        {
            Assert.Equal(tensor.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32()), x.Shape);
            Assert.Equal(tensor.GetProperty("dtype").GetString(), x.DType.ToString().ToLowerInvariant());
            float[] values = x.To(DType.Float32).ToArray<float>();
            Assert.Equal(tensor.GetProperty("first").EnumerateArray().Select(value => (float)value.GetDouble()), values.Take(4));
            Assert.Equal(tensor.GetProperty("sum").GetDouble(), values.Sum(value => (double)value), 1e-9);
        }
    }

    [OutsideDataFact("cifar10-resnet-checkpoints")]
    public void Published_checkpoint_fills_a_network_of_the_zoo()
    {
        Network network = NetworkZoo.ResNetCifar(20);
        Network first = ModelFile.LoadWeights(network, OutsideData.PathOf("cifar10-resnet-checkpoints/resnet20-12fca82f.th"));
        Network second = ModelFile.LoadWeights(network, OutsideData.PathOf("cifar10-resnet-checkpoints/resnet20-12fca82f.safetensors"));
        Assert.All(first.Parameters.Zip(second.Parameters), pair => Assert.Equal(pair.Second.Value.ToArray<float>(), pair.First.Value.ToArray<float>()));
    }

    [Fact]
    public void State_dict_that_does_not_fit_says_all_that_is_wrong_and_a_mapping_mends_names()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("temper-torch-").FullName, "x.pt");
        File.WriteAllBytes(path, Sample("archive module"));
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2, name: "head.fc").BatchNorm("norm").Linear(4, name: "extra"));
        var error = Assert.Throws<ModelFormatException>(() => ModelFile.LoadWeights(network, path, new Dictionary<string, string> { ["0.weight"] = "extra.weight" }));
        Assert.Contains("missing: head.fc.weight [2, 3], head.fc.bias [2], norm.weight [2]", error.Message);
        Assert.Contains("unexpected: 0.bias, 1.weight", error.Message);
        Assert.Contains("of another shape: extra.weight (got Float32 [2, 3], expected Float32 [4, 2])", error.Message);

        Network fitting = Network.Build(InputSpec.Features(3), x => x.Linear(2, name: "head.fc").BatchNorm("norm"));
        Network loaded = ModelFile.LoadWeights(fitting, path, new Dictionary<string, string> { ["0.*"] = "head.fc.*", ["1.*"] = "norm.*" });
        Assert.Equal([0f, 1, 2, 3, 4, 5], loaded.Parameters["head.fc.weight"].Value.ToArray<float>());
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    internal static byte[] Sample(string name)
    {
        using JsonDocument golden = Golden("torch_checkpoints.json");
        return golden.RootElement.GetProperty(name).GetProperty("file").GetBytesFromBase64();
    }

    internal static TorchCheckpoint Read(byte[] file) => TorchCheckpoint.Read(new MemoryStream(file), "x.pt");

    /// <summary>
    /// A file in the legacy format with the given pickle as its object, and one storage of four floats named k.
    /// </summary>
    private static byte[] Pickles(string body, long count = 4)
    {
        byte[] head = Sample("pickles parameters");
        int objects = head.AsSpan().IndexOf("ctorch._utils"u8);
        objects = head.AsSpan(0, objects).LastIndexOf((byte[])[0x80, 0x02]);
        byte[] own = [0x80, 2, .. Encoding.Latin1.GetBytes(body), (byte)'.'];
        byte[] keys = [0x80, 2, (byte)']', .. Encoding.Latin1.GetBytes("X\u0001\0\0\0ka"), (byte)'.'];
        return [.. head[..objects], .. own, .. keys, .. BitConverter.GetBytes(count), .. new byte[16]];
    }

    /// <summary>A dictionary with one tensor: offset, sizes and strides as pickled.</summary>
    private static string View(string offset, string sizes, string strides) =>
        "}X\u0001\0\0\0w" + PickledTensor(offset, sizes, strides) + "s";

    private static string OneView() => PickledTensor("K\0", ")", ")");

    private static string Text(string text) => $"X{(char)text.Length}\0\0\0{text}";

    private static string PickledTensor(string offset, string sizes, string strides) =>
        "ctorch._utils\n_rebuild_tensor\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\0kX\u0003\0\0\0cpuK\u0004tQ"
        + offset + sizes + strides + "tR";

    private static Dictionary<string, byte[]> HostileFiles() => new(StringComparer.Ordinal)
    {
        ["view beyond its storage"] = Pickles(View("K\u0001", "K\u0004\u0085", "K\u0001\u0085")),
        ["view that repeats without bound"] = Pickles(View("K\0", "J\0\0\0\u0040\u0085", "K\0\u0085")),
        ["negative offset"] = Pickles(View("J\u00FF\u00FF\u00FF\u00FF", "K\u0001\u0085", "K\u0001\u0085")),
        ["negative size"] = Pickles(View("K\0", "J\u00FF\u00FF\u00FF\u00FF\u0085", "K\u0001\u0085")),
        ["negative stride"] = Pickles(View("K\u0003", "K\u0002\u0085", "J\u00FF\u00FF\u00FF\u00FF\u0085")),
        ["product of sizes beyond 64 bits"] = Pickles(View("K\0", "J\u00FF\u00FF\u00FF\u007FJ\u00FF\u00FF\u00FF\u007FJ\u00FF\u00FF\u00FF\u007F\u0087", "K\0K\0K\0\u0087")),
        ["storage longer than the file"] = Pickles(View("K\0", "K\u0004\u0085", "K\u0001\u0085"), count: 1L << 40),
        ["text of 2^62 bytes"] = Pickles("\u008D\0\0\0\0\0\0\0\u0040"),
        ["number of 2^31 bytes"] = Pickles("\u008B\u00FF\u00FF\u00FF\u007F"),
        ["list that holds itself"] = Pickles("]q\0h\0a"),
        ["lists that double a hundred times"] = Pickles("]q\0" + string.Concat(Enumerable.Repeat("h\0h\0\u0086q\0", 100))),
        ["nothing on the stack"] = Pickles("a"),
        ["mark that is missing"] = Pickles("t"),
        ["memory that was never filled"] = Pickles("h\u0007"),
        ["call of something that is no function"] = Pickles("NK\u0001\u0085R"),
        ["a class by its name on the stack"] = Pickles("\u008C\u0005posix\u008C\u0006system\u0093"),
        ["an endless run of steps"] = Pickles(new string('N', 5_000_000)),
        ["nesting a million deep"] = Pickles(new string(']', 1_000_000) + new string('a', 999_999)),
    };

    private static TheoryData<string> Names(Func<JsonElement, bool> isWanted)
    {
        using JsonDocument golden = Golden("torch_checkpoints.json");
        return [.. golden.RootElement.EnumerateObject().Where(test => isWanted(test.Value)).Select(test => test.Name)];
    }

    private static JsonDocument Golden(string name) =>
        JsonDocument.Parse(typeof(TorchCheckpointTests).Assembly.GetManifestResourceStream($"{Resources}.{name}")!);
}
