using System.Text;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

public sealed class NetworkJsonTests
{
    public static TheoryData<string> Zoo => [.. NetworkZoo.Names, "basic-1-1-1", "plain-1-1-1", "mlp-20-10"];

    [Theory]
    [MemberData(nameof(Zoo))]
    public void Write_then_read_gives_the_same_text_and_names(string name)
    {
        Network network = NetworkZoo.Create(name).WithClassNames(["a", "b"]).WithMetadata([new("license", "Apache-2.0")])
            .WithTrainable(false, parameter => parameter.Role == ParameterRole.Bias);
        NetworkBlueprint read = Read(network.ToJson());
        Network back = read.Create(tensor => network.Parameters.TryGet(tensor, out Parameter? found) ? found.Value : network.Buffers[tensor]);

        Assert.Equal(network.ToJson(), back.ToJson());
        Assert.Equal(network.Parameters.Select(parameter => parameter.ToString()), back.Parameters.Select(parameter => parameter.ToString()));
    }

    [Fact]
    public void Write_of_shared_parameters_names_them()
    {
        Network network = Network.Build(InputSpec.Features(6), x => x.Linear(6, name: "a").ApplyShared(new Linear(6), "a", "a.b"));
        Assert.Equal(["a.weight", "a.bias"], Read(network.ToJson()).Graph.Nodes[1].Parameters);
    }

    /// <summary>JSON has no infinity, which exporters use to pad before a maximum.</summary>
    [Fact]
    public void Padding_with_infinity_is_kept()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4), x => x.Apply(new Pad(2, 1, 1) { Fill = float.NegativeInfinity }));
        Assert.Equal(float.NegativeInfinity, Assert.IsType<Pad>(Read(network.ToJson()).Graph.Nodes[0].Operator).Fill);
    }

    /// <summary>Only the batch counter may be missing; indices are needed for the result.</summary>
    [Fact]
    public void Create_without_constant_indices_is_refused()
    {
        Network network = Network.Build(
            InputSpec.Features(4), x => x.Apply(new Gather(1), null, x.Builder.Add(new ConstantValue([2], DType.Int64), "places", parametersOf: null, [])).BatchNorm("bn"));
        NetworkBlueprint read = Read(network.ToJson());
        Tensor? Find(string name, string missing) => string.Equals(name, missing, StringComparison.Ordinal) ? null
            : network.Parameters.TryGet(name, out Parameter? found) ? found.Value : network.Buffers[name];
        Assert.Contains("places.value", Assert.Throws<FormatException>(() => read.Create(name => Find(name, "places.value"))).Message);
        Assert.Equal(0, read.Create(name => Find(name, "bn.num_batches_tracked")).Buffers["bn.num_batches_tracked"].ToArray<long>()[0]);
    }

    [Theory]
    [InlineData("", "inconsistent")]
    [InlineData("[]", "not a Temper network")]
    [InlineData("{}", "missing")]
    [InlineData("{\"format\": \"other\"}", "not a Temper network")]
    [InlineData("{\"format\": \"temper-network\", \"version\": 2}", "version")]
    [InlineData("{\"format\": \"temper-network\", \"format\": \"temper-network\", \"version\": 1}", "inconsistent")]
    [InlineData("[[[[[[[[[[[[1]]]]]]]]]]]]", "inconsistent")]
    public void Read_of_something_else_is_a_clear_error(string text, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => Read(text)).Message);

    [Theory]
    [InlineData("\"Conv\"", "\"Convolve\"", "unknown operator")]
    [InlineData("\"channels\": 20", "\"channels\": -20", "channels")]
    [InlineData("\"channels\": 20", "\"channels\": 2147483647", "inconsistent")]
    [InlineData("\"channels\": 20", "\"channels\": 99999999999", "channels")]
    [InlineData("\"channels\": 20", "\"channels\": \"20\"", "channels")]
    [InlineData("\"group\": 1", "\"group\": 0", "group")]
    [InlineData("\"group\": 1", "\"group\": 3", "conv1")]
    [InlineData("\"name\": \"conv2\"", "\"name\": \"conv1\"", "conv1")]
    [InlineData("\"value\": \"fc2\"", "\"value\": \"fc9\"", "fc9")]
    [InlineData("\"value\": \"fc2\"", "\"value\": null", "value")]
    [InlineData("\"dtype\": \"float32\"", "\"dtype\": \"float31\"", "dtype")]
    public void Read_of_a_damaged_graph_is_a_clear_error(string from, string to, string part)
    {
        string text = NetworkZoo.LeNet5Caffe().ToJson();
        int place = text.IndexOf(from, StringComparison.Ordinal);
        string damaged = text[..place] + to + text[(place + from.Length)..];
        Assert.Contains(part, Assert.Throws<FormatException>(() => Read(damaged)).Message);
    }

    /// <summary>A truncated or modified file yields either a network or a FormatException.</summary>
    [Fact]
    public void Read_of_random_damage_never_fails_otherwise()
    {
        byte[] good = Encoding.UTF8.GetBytes(NetworkZoo.LeNet5().ToJson());
        RandomCursor random = RandomStream.FromSeed(5).Cursor();
        for (int i = 0; i < 500; i++)
        {
            byte[] bad = good[..(i % 2 == 0 ? good.Length : random.NextInt32(good.Length))];
            for (int j = 0; j < 3 && bad.Length > 0; j++)
            {
                bad[random.NextInt32(bad.Length)] = (byte)random.NextInt32(256);
            }

            try
            {
                NetworkJsonReader.Read(bad);
            }
            catch (FormatException)
            {
                // The documented error.
            }
        }
    }

    private static NetworkBlueprint Read(string text) => NetworkJsonReader.Read(Encoding.UTF8.GetBytes(text));
}
