using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>Result of comparing a computed value with the paper's.</summary>
public enum PaperStatus
{
    /// <summary>Within the tolerance of its figure.</summary>
    Reproduced,

    /// <summary>Outside the tolerance.</summary>
    Missed,

    /// <summary>The paper's value is not known, so there is nothing to compare with.</summary>
    NotFound,
}

/// <summary>A value of the paper and the value computed by Temper.</summary>
/// <param name="Figure">Figure of the paper, such as <c>Figure 8</c>.</param>
/// <param name="What">Network and quantity.</param>
/// <param name="Ours">The computed value.</param>
/// <param name="Paper">The paper's value, as printed or read off a figure; empty if not known.</param>
/// <param name="Status">Result of the comparison.</param>
public sealed record PaperRow(string Figure, string What, string Ours, string Paper, PaperStatus Status);

/// <summary>Recomputes the figures of the paper's evaluation (arXiv:1901.02067, Figures 5 to 13).</summary>
/// <remarks>
/// Values of the paper were read off its figures. They are only compared with; of the computed values, only the
/// constants of <see cref="Machine.Paper"/> come from them, and the rows labeled "paper's MP bytes" use the paper's
/// bytes.
/// </remarks>
public static class PaperTables
{
    private const int Accelerators = 16;

    // Figures 5, 6 (speed of HyPar and of model parallelism relative to data parallelism), 7 (the same for energy
    // efficiency), 8 (GB of data parallelism, HyPar and model parallelism) and 12 (torus).
    private static readonly PrintedRow[] Printed =
    [
        new("sfc", "1111 1111 0111 1111", 23.48, 22.19, 10.27, 9.96, 16.9, 0.681, 0.723, 10),
        new("sconv", "0000 0000 0000 0000", 1.00, 0.0374, 1.00, 0.198, 0.0121, 0.0121, 0.480, 0.6),
        new("lenet-c", "0011 0010 0000 0011", 3.05, 0.469, 1.81, 0.486, 0.0517, 0.0161, 0.112, 1.6),
        new("cifar-c", "00000 00000 00010 00111", 1.23, 0.100, 1.03, 0.169, 0.0174, 0.0135, 0.206, 0.7),
        new(
            "alexnet-one-tower", "00000111 00000111 00000111 00000100",
            3.27, 0.183, 1.19, 0.421, 2.00, 0.289, 13.0, 2.35),
        new(
            "vgg-a", "00000000111 00000000111 00000000111 00000001111",
            4.97, 0.346, 1.35, 0.549, 15.9, 1.47, 50.1, 3.55),
        new(
            "vgg-b", "0000000000111 0000000000111 0000000000111 0000000001111",
            4.06, 0.140, 1.22, 0.348, 16.0, 1.47, 134, 3.1),
        new(
            "vgg-c", "0000000000000111 0000000000000111 0000000000000111 0000000000000111",
            3.92, 0.121, 1.21, 0.321, 16.0, 1.58, 157, 2.95),
        new(
            "vgg-d", "0000000000000111 0000000000000111 0000000000000111 0000000000001111",
            3.21, 0.130, 1.16, 0.365, 16.6, 2.13, 157, 2.4),
        new(
            "vgg-e", "0000000000000000111 0000000000000000111 0000000000000000111 0000000000000001111",
            2.73, 0.123, 1.13, 0.377, 17.2, 2.76, 180, 2.05),
    ];

    // Figure 11, VGG-E: number of accelerators, and gain of HyPar and of data parallelism over one accelerator; read
    // off to about two digits.
    private static readonly (int Accelerators, double Hypar, double Data)[] Scaling =
        [(2, 2.0, 1.95), (4, 3.9, 3.5), (8, 7.2, 4.7), (16, 10.7, 3.9), (32, 11.2, 2.4), (64, 8.3, 1.2)];

    // Figure 13, one layer of VGG-E, HyPar relative to the trick: number of accelerators, then speed and energy for
    // conv5 at batch 32 and for fc3 at batch 4096.
    private static readonly (int Accelerators, double Conv, double ConvEnergy, double Fc, double FcEnergy)[] Trick =
        [(4, 1.16, 1.05, 1.23, 1.07), (8, 1.54, 1.16, 1.58, 1.19), (16, 2.20, 1.40, 2.40, 1.51)];

    /// <summary>Computes all rows, figure by figure.</summary>
    public static IReadOnlyList<PaperRow> All()
    {
        PlanResult[] plans = [.. Printed.Select(row => Planner.Plan(PaperNetworks.Create(row.Net), new PlanOptions()))];
        var rows = new List<PaperRow>();
        for (int i = 0; i < plans.Length; i++)
        {
            string ours = string.Join(' ', plans[i].Plan.Levels);
            PaperStatus status = Status(string.Equals(ours, Printed[i].Levels, StringComparison.Ordinal));
            rows.Add(new PaperRow("Figure 5", Printed[i].Net, ours, Printed[i].Levels, status));
        }

        rows.AddRange(Compare("Figure 6", "HyPar / DP speed", 0.02, i =>
            Seconds(plans[i], plans[i].Bytes.Data) / Seconds(plans[i], plans[i].Bytes.Plan), row => row.Speed));
        rows.AddRange(Compare("Figure 6", "MP / DP speed, paper's MP bytes", 0.02, i =>
            Seconds(plans[i], plans[i].Bytes.Data) / Seconds(plans[i], 1e9 * Printed[i].Model), row => row.ModelSpeed));
        rows.AddRange(Compare("Figure 7", "HyPar / DP energy efficiency", 0.02, i =>
            Joules(plans[i], plans[i].Bytes.Data) / Joules(plans[i], plans[i].Bytes.Plan), row => row.Energy));
        rows.AddRange(Compare("Figure 7", "MP / DP energy efficiency, paper's MP bytes", 0.02, i =>
            Joules(plans[i], plans[i].Bytes.Data) / Joules(plans[i], 1e9 * Printed[i].Model), row => row.ModelEnergy));
        rows.AddRange(Compare("Figure 8", "data-parallel GB", 0.005, i => plans[i].Bytes.Data / 1e9, row => row.Data));
        rows.AddRange(Compare("Figure 8", "HyPar GB", 0.005, i => plans[i].Bytes.Plan / 1e9, row => row.Hypar));
        rows.AddRange(
            Compare("Figure 8", "model-parallel GB", 0.005, i => plans[i].Bytes.Model / 1e9, row => row.Model));
        rows.AddRange(plans.Select((plan, i) => new PaperRow(
            "Figure 8", $"{Printed[i].Net}: one weird trick GB",
            (plan.Bytes.Trick / 1e9).ToString("G4", System.Globalization.CultureInfo.InvariantCulture), "",
            PaperStatus.NotFound)));
        rows.AddRange(PaperSweeps.Figure9());
        rows.AddRange(PaperSweeps.Figure10());
        rows.AddRange(Figure11());
        rows.AddRange(Figure12(plans));
        rows.AddRange(Figure13());
        return rows;
    }

    /// <summary>Returns the time of a step in seconds for a number of bytes, in the two-term model.</summary>
    internal static double Seconds(PlanResult plan, double bytes) =>
        StepSimulator.Run(plan, Machine.Paper(plan.Plan.Accelerators)) is var step
        ? step.ComputeSeconds + (step.CommunicationSeconds * (plan.Bytes.Plan > 0 ? bytes / plan.Bytes.Plan : 0))
        : 0;

    internal static PaperRow Row(string figure, string what, double ours, double paper, double tolerance) => new(
        figure, what, ours.ToString("G4", System.Globalization.CultureInfo.InvariantCulture),
        paper.ToString("G4", System.Globalization.CultureInfo.InvariantCulture),
        Status(Math.Abs(ours - paper) <= tolerance * paper * (1 + 1e-9)));

    private static PaperStatus Status(bool isMet) => isMet ? PaperStatus.Reproduced : PaperStatus.Missed;

    private static IEnumerable<PaperRow> Compare(
        string figure, string what, double tolerance, Func<int, double> ours,
        Func<PrintedRow, double> paper) =>
        Printed.Select((row, i) => Row(figure, $"{row.Net}: {what}", ours(i), paper(row), tolerance));

    private static double Joules(PlanResult plan, double bytes)
    {
        Machine machine = Machine.Paper(plan.Plan.Accelerators);
        return StepSimulator.Run(plan, machine).Joules + ((bytes - plan.Bytes.Plan) * machine.JoulesPerByte);
    }

    private static IEnumerable<PaperRow> Figure11()
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-e");
        double alone =
            StepSimulator.Run(Planner.Plan(network, new PlanOptions { Accelerators = 1 }), Machine.Paper(1)).Seconds;
        foreach ((int accelerators, double hypar, double data) in Scaling)
        {
            PlanResult plan = Planner.Plan(network, new PlanOptions { Accelerators = accelerators });
            yield return Row(
                "Figure 11", $"vgg-e, {accelerators} accelerators: HyPar gain", alone / Seconds(plan, plan.Bytes.Plan),
                hypar, 0.03);
            yield return Row(
                "Figure 11", $"vgg-e, {accelerators} accelerators: data-parallel gain",
                alone / Seconds(plan, plan.Bytes.Data), data, 0.03);
        }
    }

    /// <summary>
    /// Figure 12. The paper does not describe its torus, so this simulates one with links of 0.2 GB/s.
    /// </summary>
    private static IEnumerable<PaperRow> Figure12(PlanResult[] plans)
    {
        Machine torus =
            Machine.Paper(Accelerators) with { Name = "torus", Topology = Topology.Torus(Accelerators, 0.2e9) };
        return Printed.Select((row, i) =>
        {
            double data = StepSimulator.Run(Planner.Baseline(plans[i], _ => Split.Data), torus).Seconds;
            return Row(
                "Figure 12", $"{row.Net}: HyPar / DP speed, torus", data / StepSimulator.Run(plans[i], torus).Seconds,
                row.Torus, 0.05);
        });
    }

    private static IEnumerable<PaperRow> Figure13()
    {
        foreach ((int accelerators, double conv, double convEnergy, double fc, double fcEnergy) in Trick)
        {
            foreach ((string layer, int batch, double speed, double energy) in new[]
            {
                ("conv5", 32, conv, convEnergy), ("fc3", 4096, fc, fcEnergy),
            })
            {
                PlanResult plan = Planner.Plan(
                    PaperSweeps.OneLayer(layer), new PlanOptions { Accelerators = accelerators, Batch = batch });
                string what = $"vgg-e {layer}, batch {batch}, {accelerators} accelerators: HyPar / trick";
                yield return Row(
                    "Figure 13", $"{what} speed", Seconds(plan, plan.Bytes.Trick) / Seconds(plan, plan.Bytes.Plan),
                    speed, 0.03);
                yield return Row(
                    "Figure 13", $"{what} energy", Joules(plan, plan.Bytes.Trick) / Joules(plan, plan.Bytes.Plan),
                    energy, 0.03);
            }
        }
    }

    /// <summary>Values of one network in the paper's figures; ratios are relative to data parallelism.</summary>
    private sealed record PrintedRow(
        string Net, string Levels, double Speed, double ModelSpeed, double Energy, double ModelEnergy, double Data,
        double Hypar, double Model, double Torus);
}
