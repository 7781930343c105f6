using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Formats.Tests.Models;

public sealed class ModelFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-models-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("model")]
    [InlineData("model.safetensors")]
    public void Save_then_load_gives_the_same_network(string name)
    {
        Network network = Sample();
        string path = Path.Combine(_folder, name);
        ModelFile.Save(network, path);
        Network back = ModelFile.Load(path);

        Assert.Equal(network.ToJson(), back.ToJson());
        foreach (Parameter parameter in network.Parameters)
        {
            Assert.Equal(parameter.Value.ToArray<float>(), back.Parameters[parameter.Name].Value.ToArray<float>());
            Assert.Equal(parameter.IsTrainable, back.Parameters[parameter.Name].IsTrainable);
            Assert.Equal(parameter.Mask?.ToArray<float>(), back.Parameters[parameter.Name].Mask?.ToArray<float>());
        }

        Assert.Equal(network.Buffers["bn1.running_var"].ToArray<float>(), back.Buffers["bn1.running_var"].ToArray<float>());
        Tensor x = Tensor.Full<float>([2, 1, 8, 8], 0.5f);
        Assert.Equal(network.Forward(x).ToArray<float>(), back.Forward(x).ToArray<float>());
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.PT")]
    [InlineData("model.npz")]
    public void Name_of_another_format_is_not_taken_for_a_folder(string name)
    {
        Assert.Contains("cannot write this format", Assert.Throws<ArgumentException>(() => ModelFile.Save(Sample(), Path.Combine(_folder, name))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        Assert.Throws<ArgumentException>(() => ModelFile.Save(Sample(), ""));
    }

    /// <summary>Such a file could be written, but not read again.</summary>
    [Fact]
    public void Two_tensors_of_one_name_are_refused() => Assert.Contains(
        "got 'a' twice", Assert.Throws<ArgumentException>(() => new SafetensorsFile([new("a", Tensor.Scalar(1f)), new("b", Tensor.Scalar(2f)), new("a", Tensor.Scalar(3f))])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Save_twice_gives_the_same_bytes()
    {
        ModelFile.Save(Sample(), Path.Combine(_folder, "a"));
        ModelFile.Save(Sample(), Path.Combine(_folder, "b"));
        foreach (string file in new[] { ModelFile.GraphName, ModelFile.WeightsName, "README.md" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "a", file)), File.ReadAllBytes(Path.Combine(_folder, "b", file)));
        }
    }

    [Fact]
    public void Load_of_a_bare_state_dict_needs_an_architecture()
    {
        Network network = NetworkZoo.LeNet5().Initialize(RandomStream.FromSeed(1));
        string path = Path.Combine(_folder, "weights.safetensors");
        new SafetensorsFile([.. network.Parameters.Select(p => KeyValuePair.Create($"module.{p.Name}", p.Value))]).Save(path);

        Assert.Contains("lenet-5", Assert.Throws<ModelFormatException>(() => ModelFile.Load(path)).Message);
        Network loaded = ModelFile.Load(path, "lenet-5");
        Assert.Equal(network.Parameters["fc1.weight"].Value.ToArray<float>(), loaded.Parameters["fc1.weight"].Value.ToArray<float>());
        Assert.Contains("fc1.weight", Assert.Throws<ModelFormatException>(() => ModelFile.Load(path, "lenet-300-100")).Message);
    }

    [Fact]
    public void Load_of_a_tensor_too_many_or_too_few_names_it()
    {
        Network network = NetworkZoo.LeNet300100();
        string path = Path.Combine(_folder, "weights.safetensors");
        List<KeyValuePair<string, Tensor>> tensors = [.. network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value))];
        new SafetensorsFile([.. tensors, KeyValuePair.Create("fc9.weight", Tensor.Zeros([2]))]).Save(path);
        Assert.Contains("fc9.weight", Assert.Throws<ModelFormatException>(() => ModelFile.LoadWeights(network, path)).Message);

        new SafetensorsFile(tensors[1..]).Save(path);
        Assert.Contains("fc1.weight", Assert.Throws<ModelFormatException>(() => ModelFile.LoadWeights(network, path)).Message);
    }

    [Fact]
    public void Load_of_a_folder_whose_parts_do_not_fit_is_a_clear_error()
    {
        string path = Path.Combine(_folder, "model");
        ModelFile.Save(Sample(), path);
        File.WriteAllText(Path.Combine(path, ModelFile.GraphName), NetworkZoo.LeNet5().ToJson());
        Assert.Contains(ModelFile.WeightsName, Assert.Throws<ModelFormatException>(() => ModelFile.Load(path)).Message);

        File.WriteAllText(Path.Combine(path, ModelFile.GraphName), "{\"format\": ");
        Assert.Contains(ModelFile.GraphName, Assert.Throws<ModelFormatException>(() => ModelFile.Load(path)).Message);

        File.Delete(Path.Combine(path, ModelFile.GraphName));
        Assert.Throws<FileNotFoundException>(() => ModelFile.Load(path));
    }

    /// <summary>Both networks have tensors of the same names and shapes, so a mix of the two could be loaded.</summary>
    [Fact]
    public void Replacement_of_a_folder_that_was_interrupted_is_the_old_or_the_new_network()
    {
        Network old = Activated(1, x => x.Relu()), changed = Activated(2, x => x.Tanh()), last = Activated(3, x => x.Sigmoid());
        string before = Path.Combine(_folder, "before"), after = Path.Combine(_folder, "after");
        ModelFile.Save(old, before);
        ModelFile.Save(changed, after);
        Assert.False(File.Exists(Path.Combine(after, ModelFolder.PendingName)));

        // The graph is written under another name first,
        File.Copy(Path.Combine(after, ModelFile.GraphName), Path.Combine(before, ModelFolder.PendingName));
        Same(old, ModelFile.Load(before));

        // then the tensors are replaced.
        File.Copy(Path.Combine(after, ModelFile.WeightsName), Path.Combine(before, ModelFile.WeightsName), overwrite: true);
        Same(changed, ModelFile.Load(before));

        // A replacement that fails after that one leaves the network that was there.
        Tensor released;
        using (new TensorScope())
        {
            released = Tensor.Ones([2]) + Tensor.Ones([2]);
        }

        Assert.Throws<ObjectDisposedException>(() => ModelFolder.Save(before, new SafetensorsFile([new("a", released)]), last.ToJson()));
        Same(changed, ModelFile.Load(before));
        Assert.Equal(changed.ToJson(), File.ReadAllText(Path.Combine(before, ModelFile.GraphName)));

        ModelFile.Save(last, before);
        Same(last, ModelFile.Load(before));
        Assert.Equal(["README.md", ModelFile.GraphName, ModelFile.WeightsName], Directory.GetFiles(before).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));

        static Network Activated(ulong seed, Func<Value, Value> activation) =>
            Network.Build(InputSpec.Features(3), x => activation(x.Linear(4)).Linear(2)).Initialize(RandomStream.FromSeed(seed));

        static void Same(Network expected, Network actual)
        {
            Assert.Equal(expected.ToJson(), actual.ToJson());
            Assert.Equal(expected.Parameters["fc1.weight"].Value.ToArray<float>(), actual.Parameters["fc1.weight"].Value.ToArray<float>());
        }
    }

    /// <summary>Such folders were written before the tensors had the digest of their graph.</summary>
    [Fact]
    public void Folder_without_a_digest_is_loaded()
    {
        Network network = Sample();
        string path = Path.Combine(_folder, "model"), weights = Path.Combine(path, ModelFile.WeightsName);
        ModelFile.Save(network, path);
        SafetensorsFile numbers = SafetensorsFile.Load(weights);
        Assert.Contains(ModelFolder.DigestKey, numbers.Metadata.Keys);
        new SafetensorsFile(numbers.Tensors).Save(weights);
        File.WriteAllText(Path.Combine(path, ModelFolder.PendingName), NetworkZoo.LeNet5().ToJson());
        Assert.Equal(network.ToJson(), ModelFile.Load(path).ToJson());
    }

    [Fact]
    public void Load_of_any_cut_or_changed_file_is_a_network_or_a_clear_error()
    {
        string path = Path.Combine(_folder, "model.safetensors");
        ModelFile.Save(Sample(), path);
        byte[] good = File.ReadAllBytes(path);
        RandomCursor random = RandomStream.FromSeed(6).Cursor();
        for (int i = 0; i < 200; i++)
        {
            byte[] bad = good[..(i % 2 == 0 ? good.Length : random.NextInt32(good.Length))];
            for (int j = 0; j < 3 && bad.Length > 0; j++)
            {
                bad[random.NextInt32(bad.Length)] = (byte)random.NextInt32(256);
            }

            File.WriteAllBytes(path, bad);
            try
            {
                ModelFile.Load(path);
            }
            catch (ModelFormatException)
            {
                // The documented exception.
            }
        }
    }

    /// <summary>
    /// A network with everything that a file must preserve: a mask, a frozen parameter, statistics, class names and
    /// metadata.
    /// </summary>
    private static Network Sample()
    {
        Network network = Network.Build(InputSpec.Image(1, 8, 8), x => x
                .Conv2d(4, kernel: 3, bias: false).BatchNorm().Relu().Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(1))
            .WithClassNames(["cat", "dog", "\"bird\""]).WithMetadata([new("license", "Apache-2.0"), new("note", "a b")])
            .WithTrainable(false, parameter => parameter.Role == ParameterRole.ConvolutionWeight)
            .WithBuffers([new("bn1.running_var", Tensor.From([1f, 2, 3, 4], [4]))]);
        float[] mask = new float[network.Parameters["fc1.weight"].Value.Count];
        for (int i = 0; i < mask.Length; i++)
        {
            mask[i] = i % 3 == 0 ? 0 : 1;
        }

        return network.WithMask("fc1.weight", Tensor.From(mask, network.Parameters["fc1.weight"].Value.Shape));
    }
}
