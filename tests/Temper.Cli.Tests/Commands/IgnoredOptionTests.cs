using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Models;
using Temper.Cli.Tests.Support;
using Temper.Parallelism.Planning;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>
/// Options of <c>temper plan</c>, <c>bench</c>, <c>flow</c>, <c>convert</c> and other commands that would be ignored or
/// misunderstood, or that contradict each other, are refused before any work.
/// </summary>
public sealed class IgnoredOptionTests : IDisposable
{
    private static readonly RankPlan Plan =
        new() { Network = "lenet-c", Layers = ["conv1", "conv2", "fc1", "fc2"], Accelerators = 4, Batch = 64, Levels = ["0011", "0011"] };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bandwidth", "1")]
    [InlineData("latency", "5")]
    public void The_papers_machine_has_no_links(string name, string value)
    {
        Refused(new PlanCommand(), $"--{name} does not apply to --machine paper", ("model", "lenet-c"), (name, value));
        PlanSettings.RequireEffective(Given(new PlanCommand(), ("machine", "torus"), (name, value)), given: null);
    }

    [Theory]
    [InlineData("machine", "bus")]
    [InlineData("bandwidth", "1")]
    [InlineData("latency", "5")]
    public void A_topology_has_its_own_links(string name, string value) =>
        Refused(new PlanCommand(), $"--{name} does not apply to --topology", ("model", "lenet-c"), ("topology", _folder["links.json"]), (name, value));

    [Theory]
    [InlineData("accelerators", "8", "--accelerators differs from the given plan (got 8, expected 4)")]
    [InlineData("batch", "32", "--batch differs from the given plan (got 32, expected 64)")]
    [InlineData("search", "greedy", "--search does not apply to --plan")]
    [InlineData("splits", "space", "--splits differs from the given plan (got space, expected kernel)")]
    public void A_plan_from_a_file_has_its_own_sizes(string name, string value, string why) => Refused(
        new PlanCommand(), why, ("model", "lenet-c"), ("plan", _folder.Write("plan.json", RankPlanJson.Write(Plan))), (name, value));

    [Theory]
    [InlineData("model", "lenet-c", "plan: MODEL does not apply to --paper")]
    [InlineData("accelerators", "8", "plan: --accelerators does not apply to --paper")]
    [InlineData("memory", "10", "plan: --memory does not apply to --paper")]
    [InlineData("picture", "plan.svg", "plan: --picture does not apply to --paper")]
    [InlineData("probe", "true", "plan: --probe does not apply to --paper")]
    public void The_papers_figures_have_their_own_networks_and_sizes(string name, string value, string why) =>
        Refused(new PlanCommand(), why, ("paper", "true"), (name, value));

    [Fact]
    public void A_plan_from_a_file_has_its_own_kinds_of_splits()
    {
        RankPlan rows = Plan with { Levels = ["0033", "0021"] };
        Assert.True(PlanSettings.Options(Given(new PlanCommand()), rows) is { AllowsOutputSplit: true, AllowsSpaceSplit: true });
        Assert.True(PlanSettings.Options(Given(new PlanCommand()), rows with { Levels = ["0012", "0010"] }) is { AllowsOutputSplit: true, AllowsSpaceSplit: false });
        Assert.True(PlanSettings.Options(Given(new PlanCommand()), Plan) is { AllowsOutputSplit: false, AllowsSpaceSplit: false });
        PlanSettings.RequireEffective(Given(new PlanCommand(), ("splits", "space")), rows);
    }

    [Theory]
    [InlineData("1,1,1", "--speeds: got 3 speeds for 4 accelerators, expected one for each")]
    [InlineData("1,1,1,1,1", "--speeds: got 5 speeds for 4 accelerators, expected one for each")]
    public void Each_accelerator_has_its_own_speed(string speeds, string why) =>
        Refused(new PlanCommand(), why, ("model", "lenet-c"), ("accelerators", "4"), ("speeds", speeds));

    [Theory]
    [InlineData("nosuch", "vgg-e, or one of lenet-300-100,")]
    [InlineData("lenet-d", "did you mean 'lenet-c'?")]
    [InlineData("resnet-21", "did you mean 'resnet-20'?")]
    public void An_unknown_network_is_refused_with_all_names_that_can_be_planned(string name, string why) => Refused(new PlanCommand(), why, ("model", name));

    [Theory]
    [InlineData("agent.onnx")]
    [InlineData("agent.pt")]
    [InlineData("agent")]
    public void Files_of_agents_and_proxies_are_safetensors(string name)
    {
        const string Why = "expected a name ending in .safetensors";
        Refused(new RlTrainCommand(), Why, ("env", "cartpole"), ("output", _folder[name]), ("runs", _folder["runs"]));
        Refused(new RlSnoopCommand(), Why, ("log", _folder["missing.npz"]), ("output", _folder[name]));
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    [Fact]
    public void Sizes_that_repeat_the_plan_are_accepted() =>
        PlanSettings.RequireEffective(Given(new PlanCommand(), ("accelerators", "4"), ("batch", "64"), ("cost", "exact")), Plan);

    [Theory]
    [InlineData("farneback", "warps")]
    [InlineData("lucas-kanade", "iterations")]
    public void A_method_of_flow_takes_only_the_numbers_that_it_has(string method, string name)
    {
        Refused(new FlowCommand(), $"--{name} does not apply to --method {method}", ("clip", _folder["missing.npy"]), ("method", method), (name, "3"));
        CommandContext other = Given(new FlowCommand(), ("clip", _folder["missing.npy"]), ("method", "dis"), ("warps", "3"), ("iterations", "3"));
        Assert.Throws<FileNotFoundException>(() => new FlowCommand().Run(other));
    }

    [Fact]
    public void A_probe_measures_the_speed() => Refused(
        new PlanCommand(), "plan: --gflops does not apply to --probe", ("model", "lenet-5"), ("probe", "true"), ("gflops", "10"));

    [Fact]
    public void An_estimate_counts_the_pictures_of_its_data() => Refused(
        new MorphEstimateCommand(), "morph estimate: --rows does not apply to --data", ("data", "synth:shapes?count=60"), ("rows", "10"));

    [Theory]
    [InlineData("batch", "64")]
    [InlineData("plan", "plan.json")]
    [InlineData("save-plan", "plan.json")]
    [InlineData("explain", "true")]
    [InlineData("input", "x.npy")]
    [InlineData("architecture", "lenet-5")]
    public void A_benchmark_of_the_machine_has_no_network(string name, string value) =>
        Refused(new BenchCommand(), $"bench: --{name} does not apply to a benchmark without MODEL", (name, value));

    [Fact]
    public void A_benchmark_of_a_network_has_no_rows_to_filter() =>
        Refused(new BenchCommand(), "bench: --filter does not apply to a network", ("model", "lenet-5"), ("filter", "conv"));

    [Fact]
    public void A_conversion_reads_no_pictures_that_it_could_resize() => Refused(
        new ConvertCommand(), "convert: --resize would have no effect", ("model", _folder["missing.onnx"]), ("target", _folder["a.onnx"]), ("resize", "linear"));

    /// <summary>An architecture is for files that hold weights only, and a size for ONNX files that leave it open.</summary>
    [Theory]
    [InlineData("net.onnx", "architecture", "lenet-5", "an ONNX file, which has a graph")]
    [InlineData("net.safetensors", "size", "8x8", "models other than ONNX files, which have a fixed size")]
    public void A_stored_model_takes_only_what_it_leaves_open(string name, string option, string value, string what)
    {
        _folder.Write(name, "");
        (string, string)[] given = [("model", _folder[name]), ("data", "synth:shapes?count=40"), ("runs", _folder["runs"]), ("quiet", "true"), (option, value)];
        foreach (ToolCommand command in (ToolCommand[])[
            new EvalCommand(), new AttackCommand(), new ProbeCommand(), new PruneCommand(), new HardenCommand(), new CompressCommand(), new TrainCommand(),
            new GrowCommand(), new InspectCommand(), new PlanCommand(), new ServeCommand(), new BenchCommand()])
        {
            Refused(command, $"{command.Name}: --{option} does not apply to {what}", given);
        }

        Refused(new ConvertCommand(), $"convert: --{option} does not apply to {what}", [.. given, ("target", _folder["out.safetensors"])]);
        Refused(new PredictCommand(), $"predict: --{option} does not apply to {what}", [.. given, ("input", "cat.png")]);
        Assert.False(Directory.Exists(_folder["runs"]));
    }

    [Theory]
    [InlineData("architecture", "resnet-20", "a built-in network")]
    [InlineData("size", "8x8", "models other than ONNX files")]
    public void A_built_in_network_has_its_own_layers_and_size(string option, string value, string what)
    {
        Refused(new PlanCommand(), $"plan: --{option} does not apply to {what}", ("model", "lenet-c"), (option, value));
        Refused(new PlanCommand(), $"plan: --{option} does not apply to {what}", ("model", "lenet-5"), (option, value));
        Refused(new InspectCommand(), $"inspect: --{option} does not apply to {what}", ("model", "lenet-5"), (option, value));
        Refused(new BenchCommand(), $"bench: --{option} does not apply to {what}", ("model", "lenet-5"), (option, value));
    }

    [Fact]
    public void A_network_to_train_has_its_own_layers()
    {
        const string Why = "--architecture: applies to stored networks only; ";
        (string, string)[] given = [("data", "synth:shapes?count=40"), ("runs", _folder["runs"]), ("quiet", "true"), ("architecture", "lenet-5")];
        Refused(new TrainCommand(), Why, [.. given, ("model", "resnet-20")]);
        Refused(new HardenCommand(), Why, [.. given, ("model", "resnet-20")]);
        Refused(new CompressCommand(), Why, [.. given, ("model", "resnet-20")]);
        Refused(new GrowCommand(), Why, [.. given, ("family", "basic3")]);
    }

    /// <summary>The options of a model file are also those of the surrogate.</summary>
    [Fact]
    public void A_surrogate_may_be_the_model_that_an_option_is_for()
    {
        _folder.Write("net.onnx", "");
        _folder.Write("weights.safetensors", "");
        ModelSource.RefuseUnused(
            Given(new AttackCommand(), ("architecture", "lenet-5"), ("size", "8x8")), _folder["net.onnx"], _folder["weights.safetensors"]);
        Refused(
            new AttackCommand(), "attack: --architecture does not apply to an ONNX file", ("model", _folder["net.onnx"]), ("surrogate", _folder["net.onnx"]),
            ("data", "synth:shapes?count=40"), ("architecture", "lenet-5"));
    }

    [Theory]
    [InlineData("a.safetensors")]
    [InlineData("folder")]
    public void Only_files_of_ONNX_have_an_opset(string target) => Refused(
        new ConvertCommand(), "convert: --opset does not apply to", ("model", _folder["missing.onnx"]), ("target", _folder[target]), ("opset", "18"));

    [Theory]
    [InlineData("out.pth", ".pth")]
    [InlineData("out.onx", ".onx")]
    [InlineData("out.NPZ", ".NPZ")]
    public void A_name_of_another_format_does_not_become_a_folder(string target, string extension)
    {
        Refused(
            new ConvertCommand(), $"convert: cannot write this format (got '{extension}', expected .onnx, .safetensors, or a folder)",
            ("model", _folder["missing.onnx"]), ("target", _folder[target]), ("force", "true"));
        Refused(
            new CompressCommand(), $"compress: cannot write this format (got '{extension}', expected .safetensors or a folder)",
            ("model", "lenet-5"), ("data", "synth:shapes"), ("output", _folder[target]), ("runs", _folder["runs"]));
    }

    /// <summary>A folder with such a name could not be opened as a model.</summary>
    [Fact]
    public void Compress_writes_no_onnx_files() => Refused(
        new CompressCommand(), "compress: cannot write this format (got '.onnx'", ("model", "lenet-5"), ("data", "synth:shapes"), ("output", _folder["out.onnx"]));

    private static void Refused(ToolCommand command, string why, params (string Name, string Value)[] given)
    {
        Assert.Contains(why, Settings.Refusal(() => command.Run(Given(command, given))), StringComparison.Ordinal);
    }

    private static CommandContext Given(ToolCommand command, params (string Name, string Value)[] given) =>
        Settings.Context(command, given.ToDictionary(flag => flag.Name, flag => flag.Value, StringComparer.Ordinal), TimeProvider.System);
}
