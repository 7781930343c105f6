using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

public sealed class NetworkBuildTests
{
    private static readonly InputSpec Digits = InputSpec.Image(channels: 1, height: 28, width: 28, min: 0, max: 1);

    [Fact]
    public void Build_of_the_design_example_names_and_shapes_its_nodes()
    {
        Network lenet = Network.Build(Digits, x => x
            .Conv2d(20, kernel: 5).MaxPool2d(2)
            .Conv2d(50, kernel: 5).MaxPool2d(2)
            .Flatten().Linear(500).Relu().Linear(10));

        Assert.Equal(
            ["conv1", "pool1", "conv2", "pool2", "flatten1", "fc1", "relu1", "fc2"], lenet.Nodes.Select(node => node.Name));
        Assert.Equal(
            ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"],
            lenet.Parameters.Select(parameter => parameter.Name));
        Assert.Equal([500, 800], lenet.Parameters["fc1.weight"].Value.Shape);
        Assert.Equal(ParameterRole.ConvolutionWeight, lenet.Parameters["conv1.weight"].Role);
        Assert.Equal(431_080, lenet.Parameters.ElementCount);
    }

    [Theory]
    [InlineData(int.MaxValue, 1)]
    [InlineData((1 << 30) - 10, 1 << 30)]
    public void Padding_that_no_image_can_have_is_refused_when_the_network_is_built(int padding, int stride)
    {
        var options = new Conv2dOptions { Padding = new Padding2d(0, padding, 0, padding), Stride = (1, stride) };
        foreach (Operator layer in (Operator[])[new Conv2d(2, (3, 3)) { Options = options }, new ConvTranspose2d(2, (3, 3)) { Options = options }])
        {
            Assert.ThrowsAny<ShapeMismatchException>(() => Network.Build(InputSpec.Image(5, 8, 8), x => x.Apply(layer)));
        }

        Assert.Throws<ShapeMismatchException>(() => Tensor.Zeros([1, 5, 8, 8]).Conv2d(Tensor.Zeros([2, 5, 3, 3]), options: options));
    }

    [Fact]
    public void Windows_that_cannot_be_computed_are_refused_when_the_network_is_built()
    {
        var volume = new InputSpec { SampleShape = [2, 5, 4, 4] };
        Operator[] bad =
        [
            new Pool3d(new AvgPool2d(Pool2dOptions.Of(1)), new DepthWindow(1, 1, 1, 1)), new Conv3d(new Conv2d(2, (1, 1)), new DepthWindow(1, 0)),
            new Conv3d(new Conv2d(2, (1, 1)), new DepthWindow(1, 1, int.MaxValue, int.MaxValue)),
            new ConvTranspose3d(new ConvTranspose2d(2, (1, 1)), new DepthWindow(2)) { OutputPadding = 1 },

            // Depths whose sums wrap around 32 bits, or that no volume can have.
            new ConvTranspose3d(new ConvTranspose2d(2, (1, 1)), new DepthWindow(1, 1 << 30)),
            new Conv3d(new Conv2d(2, (1, 1)), new DepthWindow(1, 1 << 30, 1 << 29, 1 << 29)),
            new Pool3d(new MaxPool2d(Pool2dOptions.Of(1)), new DepthWindow(2, 1 << 30, 1 << 29, 1 << 29, 1 << 29)),
        ];
        Assert.All(bad, op => Assert.ThrowsAny<ArgumentException>(() => Network.Build(volume, x => x.Apply(op))));
        Assert.ThrowsAny<ArgumentException>(() => Network.Build(InputSpec.Image(2, 4, 4), x =>
            x.Apply(new ConvTranspose2d(2, (3, 3)) { Options = new Conv2dOptions { OutputPadding = (1, 1) } })));
    }

    /// <summary>All its windows would lie in the padding, whose maximum is negative infinity and whose mean is NaN.</summary>
    [Fact]
    public void Pooling_of_a_volume_without_slices_is_refused()
    {
        Pool2d[] planes = [new MaxPool2d(Pool2dOptions.Of(1)), new AvgPool2d(Pool2dOptions.Of(1) with { CountsPadding = false })];
        Assert.All(planes, plane => Assert.Throws<ShapeMismatchException>(() =>
            new Pool3d(plane, new DepthWindow(3, 1, 2, 2)).InferShape([Shape.Create(1, 2, 0, 4, 4)], "pool")));
    }

    [Fact]
    public void ToString_shows_N_for_a_batch_only()
    {
        var input = new InputSpec { SampleShape = [8, 3], IsBatched = false };
        Assert.Contains("[8, 3]", Network.Build(input, x => x.Relu()).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Scope_puts_names_in_front_and_counts_for_itself()
    {
        Network network = Network.Build(InputSpec.Features(4), x => x
            .Linear(4)
            .Scope("block", x => x.Linear(4).Relu() + x)
            .Scope("block2", x => x.Linear(4, name: "last")));

        Assert.Equal(["fc1", "block.fc1", "block.relu1", "block.add1", "block2.last"], network.Nodes.Select(node => node.Name));
    }

    /// <summary>Options that a file could not hold either are refused when the network is built, not when it runs.</summary>
    [Fact]
    public void Options_out_of_range_are_refused()
    {
        (Func<Value, Value> Build, string Reason)[] bad =
        [
            (x => x.Conv2d(0, kernel: 3), "got 0 channels"), (x => x.Conv2d(4, kernel: 3, groups: 0), "0 groups"), (x => x.Conv2d(4, kernel: 0), "window 0x0"),
            (x => x.Conv2d(4, kernel: 3, stride: 0), "stride 0x0"), (x => x.Conv2d(4, kernel: 3, padding: -1), "padding (-1, -1, -1, -1) must be 0 or more"),
            (x => x.Apply(new ConvTranspose2d(4, (2, 2)) { Options = new Conv2dOptions { Stride = (0, 1) } }), "stride 0x1"), (x => x.Flatten().Linear(0), "features must be at least 1 (got 0)"),
            (x => x.Flatten().Linear(int.MaxValue), "fc1: the weight is too large (got [2147483647, 784]"),
            (x => x.Dropout(1), "dropout rate is out of range (got 1,"), (x => x.Dropout(-0.1f), "got -0.1,"), (x => x.Dropout(float.NaN), "got NaN,"), (x => x.Apply(new Winners(0)), "winners is out of range (got 0,"),
        ];
        Assert.All(bad, row => Assert.Contains(row.Reason, Assert.ThrowsAny<ArgumentException>(() => Network.Build(Digits, row.Build)).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Build_with_shapes_that_do_not_fit_names_node_and_shapes()
    {
        var error = Assert.Throws<ShapeMismatchException>(() => Network.Build(Digits, x => x.Conv2d(8, kernel: 31, name: "wide")));
        Assert.Contains("wide", error.Message);
        Assert.Contains("[1, 1, 28, 28]", error.Message);
        Assert.Contains("31x31", error.Message);

        error = Assert.Throws<ShapeMismatchException>(
            () => Network.Build(Digits, x => x.Conv2d(8, kernel: 3, name: "a") + x.Conv2d(8, kernel: 5, name: "b")));
        Assert.Contains("add1", error.Message);
    }

    /// <summary>Refused when built, as an import builds it, not when it first runs.</summary>
    [Fact]
    public void Build_with_a_pool_that_cannot_be_computed_is_refused()
    {
        Assert.Equal("small: padding (0, 0, 1, 1) must be less than the window 1x1", Refusal(new() { Kernel = (1, 1), Padding = new(0, 0, 1, 1) }));
        Assert.Equal("small: padding (3, 0, 0, 0) must be less than the window 3x5", Refusal(new() { Kernel = (2, 3), Dilation = (2, 2), Padding = new(3, 0, 0, 0) }));
        Assert.Equal("small: padding (0, -1, 0, 0) must be 0 or more", Refusal(new() { Kernel = (2, 2), Padding = new(0, -1, 0, 0) }));
        Assert.StartsWith("small: window, stride and dilation must be at least 1 (got window 2x2, stride 0x1,", Refusal(new() { Kernel = (2, 2), Stride = (0, 1) }));
        Network.Build(Digits, x => x.Apply(new MaxPool2d(new Pool2dOptions { Kernel = (2, 2), Dilation = (2, 2), Padding = new(2, 2, 2, 2) })));

        static string Refusal(Pool2dOptions options) =>
            Assert.Throws<ArgumentException>(() => Network.Build(Digits, x => x.Apply(new MaxPool2d(options), "small"))).Message;
    }

    [Fact]
    public void Build_with_one_name_twice_is_refused() =>
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(
            () => Network.Build(InputSpec.Features(3), x => x.Linear(3, name: "a").Linear(3, name: "a"))).Message);

    [Fact]
    public void Build_with_a_node_that_no_output_needs_is_refused() =>
        Assert.Contains("'unused'", Assert.Throws<ArgumentException>(() => Network.Build(InputSpec.Features(3), x =>
        {
            x.Linear(2, name: "unused");
            return x.Linear(2);
        })).Message);

    [Fact]
    public void Build_with_a_value_of_another_network_is_refused()
    {
        Value? foreign = null;
        Network.Build(InputSpec.Features(3), x => foreign = x.Relu());
        Assert.Throws<ArgumentException>(() => Network.Build(InputSpec.Features(3), x => x + foreign!));
    }

    [Fact]
    public void ApplyShared_holds_one_parameter_once()
    {
        Network network = Network.Build(InputSpec.Features(6), x => x.Linear(6, name: "a").ApplyShared(new Linear(6), "a", "b"));

        Assert.Equal(42, network.Parameters.ElementCount);
        Assert.Equal(42, network.Cost().Parameters);
        Assert.Equal(72, network.Cost().Macs);
        Assert.Equal(network.Nodes[0].Parameters, network.Nodes[1].Parameters);
    }

    [Fact]
    public void ApplyShared_with_other_shapes_is_refused() => Assert.Throws<ShapeMismatchException>(
        () => Network.Build(InputSpec.Features(6), x => x.Linear(5, name: "a").ApplyShared(new Linear(5), "a")));

    [Fact]
    public void Graph_with_a_cycle_is_refused()
    {
        Node a = new() { Name = "a", Operator = new Relu(), Inputs = ["b"] };
        Node b = new() { Name = "b", Operator = new Relu(), Inputs = ["a"] };
        var error = Assert.Throws<ArgumentException>(
            () => new NetworkGraph([InputSpec.Features(2)], [a, b], [new NetworkOutput("output", "b")]));
        Assert.Contains("cycle", error.Message);
    }

    [Fact]
    public void Graph_out_of_order_is_sorted()
    {
        Node a = new() { Name = "a", Operator = new Relu(), Inputs = ["input"] };
        Node b = new() { Name = "b", Operator = new Tanh(), Inputs = ["a"] };
        var graph = new NetworkGraph([InputSpec.Features(2)], [b, a], [new NetworkOutput("output", "b")]);
        Assert.Equal(["a", "b"], graph.Nodes.Select(node => node.Name));
    }

    [Fact]
    public void Initialize_depends_on_seed_and_name_only()
    {
        Network network = NetworkZoo.LeNet5Caffe();
        Network one = network.Initialize(RandomStream.FromSeed(1));
        Network same = network.Rename("fc2", "head").Initialize(RandomStream.FromSeed(1));
        Network other = network.Initialize(RandomStream.FromSeed(2));

        Assert.Equal(one.Parameters["conv1.weight"].Value.ToArray<float>(), same.Parameters["conv1.weight"].Value.ToArray<float>());
        Assert.NotEqual(one.Parameters["fc2.weight"].Value.ToArray<float>(), same.Parameters["head.weight"].Value.ToArray<float>());
        Assert.NotEqual(one.Parameters["conv1.weight"].Value.ToArray<float>(), other.Parameters["conv1.weight"].Value.ToArray<float>());
        Assert.All(network.Parameters["conv1.weight"].Value.ToArray<float>(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void WithMask_zeroes_values_in_the_new_network_only()
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2, bias: false)).Initialize(RandomStream.FromSeed(3));
        float[] before = network.Parameters[0].Value.ToArray<float>();
        Network masked = network.WithMask("fc1.weight", Tensor.From([1f, 0, 1, 0, 1, 1], [2, 3]));

        Assert.Equal(before, network.Parameters[0].Value.ToArray<float>());
        Assert.Equal([before[0], 0, before[2], 0, before[4], before[5]], masked.Parameters[0].Value.ToArray<float>());
        Assert.Equal(0, masked.Initialize(RandomStream.FromSeed(4)).Parameters[0].Value.ToArray<float>()[1]);
        Assert.Throws<ArgumentException>(() => network.WithMask("fc1.weight", Tensor.Full<float>([2, 3], 0.5f)));
        Assert.Throws<ShapeMismatchException>(() => network.WithMask("fc1.weight", Tensor.Ones([3, 2])));
    }

    [Fact]
    public void Copy_has_memory_of_its_own()
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2).BatchNorm()).Initialize(RandomStream.FromSeed(3));
        Network copy = network.Copy();
        copy.Parameters["fc1.weight"].Value.Writable().Clear();
        copy.Buffers["bn1.running_var"].Writable().Clear();

        Assert.DoesNotContain(0f, network.Parameters["fc1.weight"].Value.ToArray<float>());
        Assert.Equal([1f, 1f], network.Buffers["bn1.running_var"].ToArray<float>());
    }

    [Fact]
    public void ToString_is_an_aligned_table_with_totals()
    {
        string[] lines = NetworkZoo.LeNet300100().ToString().Split('\n');
        Assert.StartsWith("node", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("fc1", StringComparison.Ordinal) && line.Contains("[N, 300]") && line.Contains("235,500"));
        Assert.Contains(lines, line => line.StartsWith("total", StringComparison.Ordinal) && line.Contains("266,610") && line.Contains("266,200"));
    }
}
