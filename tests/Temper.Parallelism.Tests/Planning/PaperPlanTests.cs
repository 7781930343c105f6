using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>Plans and bytes of the paper's networks, against its figures.</summary>
public sealed class PaperPlanTests
{
    public static TheoryData<string, string, double, double, bool> Figures => new()
    {
        // Figure 5 (levels) and Figure 8 (GB), as the paper prints them; false: the one total that is off by 1.4 %.
        { "sfc", "1111 1111 0111 1111", 16.9, 0.681, true },
        { "sconv", "0000 0000 0000 0000", 0.0121, 0.0121, true },
        { "lenet-c", "0011 0010 0000 0011", 0.0517, 0.0161, true },
        { "cifar-c", "00000 00000 00010 00111", 0.0174, 0.0135, true },
        { "alexnet-one-tower", "00000111 00000111 00000111 00000100", 2.00, 0.289, true },
        { "vgg-a", "00000000111 00000000111 00000000111 00000001111", 15.9, 1.47, true },
        { "vgg-b", "0000000000111 0000000000111 0000000000111 0000000001111", 16.0, 1.47, false },
        { "vgg-c", "0000000000000111 0000000000000111 0000000000000111 0000000000000111", 16.0, 1.58, true },
        { "vgg-d", "0000000000000111 0000000000000111 0000000000000111 0000000000001111", 16.6, 2.13, true },
        { "vgg-e", "0000000000000000111 0000000000000000111 0000000000000000111 0000000000000001111", 17.2, 2.76, true },
    };

    [Theory]
    [MemberData(nameof(Figures))]
    public void Greedy_plan_is_that_of_figures_5_and_8(string name, string levels, double data, double hypar, bool isMet)
    {
        PlanResult result = Planner.Plan(PaperNetworks.Create(name), new PlanOptions());
        Assert.Equal(levels, string.Join(' ', result.Plan.Levels));
        Assert.Equal(data, result.Bytes.Data / 1e9, data * 0.005);
        Assert.Equal(hypar, result.Bytes.Plan / 1e9, hypar * (isMet ? 0.005 : 0.015));
        Assert.Equal(result.Bytes.Plan, result.Bytes.LowerBound, result.Bytes.Plan * 1e-12);
    }

    [Theory]
    [InlineData("sfc", 0.7553, 0.7553, 0.773, 0.6808)]
    [InlineData("sconv", 0.01206, 0.5631, 0.0121, 0.01206)]
    [InlineData("lenet-c", 0.02200, 0.1287, 0.0176, 0.01504)]
    [InlineData("cifar-c", 0.01597, 0.3483, 0.0138, 0.01349)]
    [InlineData("alexnet-one-tower", 0.2888, 4.031, 0.304, 0.2788)]
    [InlineData("vgg-a", 1.491, 87.37, 1.525, 1.437)]
    [InlineData("vgg-b", 1.513, 235.3, 1.547, 1.459)]
    [InlineData("vgg-c", 1.584, 275.4, 1.618, 1.530)]
    [InlineData("vgg-d", 2.150, 275.4, 2.184, 2.096)]
    [InlineData("vgg-e", 2.787, 315.5, 2.821, 2.733)]
    public void Baselines_and_other_costs_are_those_computed_elsewhere(string name, double trick, double model, double table, double exact)
    {
        PlannedNetwork network = PaperNetworks.Create(name);
        PlanResult figure = Planner.Plan(network, new PlanOptions());
        Near(trick, figure.Bytes.Trick);
        Near(model, figure.Bytes.Model);
        Near(table, Planner.Plan(network, new PlanOptions { Cost = CostKind.Table }).Bytes.Plan, 0.005);
        Near(exact, Planner.Evaluate(network, figure.Plan, new PlanOptions { Cost = CostKind.Exact }).Bytes.Plan);
    }

    [Theory]
    [InlineData(2, 0.2047, 0.2047)]
    [InlineData(4, 0.588, 0.588)]
    [InlineData(8, 1.330, 1.330)]
    [InlineData(16, 2.765, 2.765)]
    [InlineData(32, 5.243, 5.214)]
    [InlineData(64, 9.470, 9.379)]
    public void Vgg_E_over_more_accelerators(int accelerators, double greedy, double joint)
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-e");
        Near(greedy, Planner.Plan(network, new PlanOptions { Accelerators = accelerators }).Bytes.Plan);
        PlanResult best = Planner.Plan(network, new PlanOptions { Accelerators = accelerators, Search = SearchKind.Joint });
        Near(joint, best.Bytes.Plan);
        Assert.Equal(best.Bytes.Plan, best.Bytes.LowerBound);
    }

    [Fact]
    public void Exact_optimum_of_cifar_c_is_better_than_the_papers_plan() =>
        Near(0.01284, Planner.Plan(PaperNetworks.Create("cifar-c"), new PlanOptions { Cost = CostKind.Exact, Search = SearchKind.Joint }).Bytes.Plan);

    private static void Near(double gigabytes, double bytes, double tolerance = 0.0008) => Assert.Equal(gigabytes, bytes / 1e9, gigabytes * tolerance);
}
