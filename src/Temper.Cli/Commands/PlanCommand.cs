using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Formats;
using Temper.Kernels;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Reporting.Documents;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper plan</c>: plans how the training of a network is divided among accelerators, and compares the plan with
/// the usual ones and a lower bound.
/// </summary>
internal sealed class PlanCommand()
    : ToolCommand("plan", "Plan how training is divided among accelerators: splits, bytes, time and energy of a "
        + "step")
{
    private static readonly Setting<string?> Model = new(
        "model", $"A network as for inspect, or one of the paper's: {string.Join(", ", PaperNetworks.Names)}", null,
        text => text)
    {
        IsPositional = true,
        Words = () => [.. PaperNetworks.Names, .. Networks.NetworkZoo.Names],
    };

    private static readonly Setting<string?> Given =
        Setting.OptionalText("plan", "Say what this plan costs, which --save-plan wrote, instead of searching");

    private static readonly Setting<string?> SavePlan =
        Setting.Output("save-plan", "Write the plan to this file", OutputKind.File);

    private static readonly Setting<string?> Picture =
        Setting.Output("picture", "Draw the plan and its step to this SVG file", OutputKind.File);

    private static readonly Setting<string?> ReportFile =
        Setting.Output("report", "Write a report of the plan to this HTML file", OutputKind.File);

    private static readonly Setting<bool> Probe = Setting.Switch(
        "probe", "Time the network's layers one by one, about 10 seconds, and simulate accelerators like this machine "
            + "instead of --gflops; started by mpirun, the links between ranks too");

    private static readonly Setting<bool> Paper = Setting.Switch(
        "paper", "Compute the paper's Figures 5 to 13 again, next to the paper's values and their status");

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    internal override IReadOnlyList<Setting> Settings =>
        [
            Model, ModelSource.Architecture, ModelSource.Size, .. PlanSettings.All, Given, SavePlan, Picture,
            ReportFile, Probe, Paper,
        ];

    internal override bool SharesWork => true;

    internal override int Run(CommandContext context)
    {
        if (RankGroup.Started > 1 && !context.Get(Probe))
        {
            throw ToolException.Usage($"plan: runs in one process (got {RankGroup.Started} ranks, expected 1); start "
                + $"it without mpirun, or add {Probe.Flag} to measure ranks and links");
        }

        if (context.Get(Probe))
        {
            context.RefuseUnused(Probe.Flag, [PlanSettings.Gigaflops]);
            context.RefuseUnused(
                $"{Probe.Flag} on several ranks, which measures their links",
                RankGroup.Started > 1 ? PlanSettings.OfLinks : []);
        }

        using RankGroup ranks = RankGroup.Open();
        return ranks.Run(() => Run(context, ranks));
    }

    private int Run(CommandContext context, RankGroup ranks)
    {
        if (context.Get(Paper))
        {
            context.RefuseUnused(Paper.Flag, Settings.Where(setting => setting != Paper));
            return PaperFigures.Show(context);
        }

        string source = context.Require(Model);
        RankPlan? given = context.Get(Given) is { } path ? RankPlanJson.Parse(File.ReadAllBytes(path)) : null;
        PlanOptions options = PlanSettings.Options(context, given);
        PlanSettings.RequireEffective(context, given);
        Machine machine = PlanSettings.Machine(context, given?.Accelerators ?? options.Accelerators);
        (PlannedNetwork network, Networks.Network? graph) = Open(context, source);
        if (context.Get(Probe))
        {
            machine = Probed(context, graph, machine, given?.Batch ?? options.Batch, ranks);
        }

        if (!ranks.IsFirst)
        {
            return ExitCode.Success;
        }

        long start = context.Time.GetTimestamp();
        PlanResult result = Found(() => given is null
            ? FasterPlan.Choose(Planner.Plan(network, options, context.Cancel), machine, options.MemoryLimit)
            : Planner.Evaluate(network, given, options, context.Cancel));
        TimeSpan searched = context.Time.GetElapsedTime(start);
        PlanSteps steps = PlanSteps.Of(result, machine);
        Write(context, result, steps);
        foreach (string note in result.Notes)
        {
            context.Terminal.Note(note);
        }

        if (context.IsJson)
        {
            JsonResult.Write(Name, Fields(source, result, steps, searched));
        }
        else
        {
            PlanTables.Show(context.Terminal, result, steps, searched);
        }

        return ExitCode.Success;
    }

    private static PlanResult Found(Func<PlanResult> find)
    {
        try
        {
            return find();
        }
        catch (InfeasiblePlanException error)
        {
            throw new ToolException(ExitCode.ThresholdNotMet, error.Message);
        }
    }

    /// <summary>
    /// Builds a machine model from measurements of this machine. All ranks are timed at the same time, as in training,
    /// and the slowest one counts.
    /// </summary>
    private static Machine Probed(
        CommandContext context, Networks.Network? graph, Machine machine, int batch, RankGroup ranks)
    {
        if (graph is null)
        {
            throw ToolException.Usage("plan: --probe times layers, but the paper's networks are layer sizes only; "
                + "give a built-in network or a model");
        }

        if (ranks.Size > 1 && ranks.Size != machine.Topology.Ranks)
        {
            throw ToolException.Usage(
                $"plan: {Probe.Flag} measures the links between the accelerators (got {ranks.Size} ranks for "
                + $"{machine.Topology.Ranks} accelerators); start it with mpirun -n {machine.Topology.Ranks}");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        int own = Math.Max(1, batch / ranks.Size);                       // samples per rank and step
        MachineProbeResult probe = MachineProbe.Run(
            graph, own, ProbeTime, context.Time, ranks.Mpi is { } all ? new RankStart(all.World) : new ProbeStart(),
            context.Cancel);
        context.Terminal.Note($"this machine: a step of {Plural.Of(own, "sample")} takes "
            + $"{probe.StepSeconds * 1e3:F1} ms, {probe.FlopsPerSecond / 1e9:F1} Gflop/s");
        machine = machine with { FlopsPerSecond = probe.FlopsPerSecond };
        return ranks.Mpi is { } mpi ? WithLinks(context, machine, mpi.World, graph, batch) : machine with
        {
            Name = machine.Topology.Name,
        };
    }

    /// <summary>Adds the measured links between the ranks and the overhead of a step to the machine.</summary>
    private static Machine WithLinks(
        CommandContext context, Machine machine, Communicator world, Networks.Network graph, int batch)
    {
        Networks.NetworkCost cost = graph.Cost(Math.Max(1, batch / world.Size));
        Topology links = new LinkProbe(world, context.Time).Links(sizeof(float) * (2 * cost.Activations));
        (double seconds, double latency) = links.Time([[1, 0, .. Enumerable.Range(2, world.Size - 2)]])[0];
        var steps = new StepProbe(world, context.Time);
        Tensors.Shape sample = graph.Inputs[0].SampleShape;

        // The simulator already counts one latency for the sum of gradients.
        double data = Math.Max(0, steps.Seconds(sample, batch, isSharded: false) - latency),
            shards = Math.Max(0, steps.Seconds(sample, batch, isSharded: true) - latency);
        if (world.Rank == 0)
        {
            context.Terminal.Note($"links between ranks: {latency * 1e6:F0} us, {1 / seconds / 1e9:F2} GB/s; "
                + $"overhead of a step: {data * 1e3:F2} ms, {shards * 1e3:F2} ms if kernels are divided");
        }

        return machine with
        {
            Topology = links, Name = links.Name, StepSeconds = data, ShardedStepSeconds = shards,
            BucketBytes = (long)(new DataRanksOptions().BucketMiB * (1 << 20)),
        };
    }

    private static (PlannedNetwork Network, Networks.Network? Graph) Open(CommandContext context, string source)
    {
        ModelSource.RefuseUnused(context, source);
        if (!ModelSource.IsStored(source) && PaperNetworks.Names.Contains(source, StringComparer.Ordinal))
        {
            return (PaperNetworks.Create(source), null);
        }

        try
        {
            Networks.Network graph = ModelSource.IsStored(source)
                ? ModelSource.Open(source, context.Get(ModelSource.Architecture), ModelSource.ImportOptions(context))
                : BuiltIn(source);
            return (NetworkLayers.Of(graph, source), graph);
        }
        catch (ArgumentException error) when (ModelSource.IsStored(source))
        {
            throw new ToolException(ExitCode.BadInput, Failure.Text(error));
        }
    }

    /// <summary>Creates a built-in network; the error also lists the paper's networks.</summary>
    private static Networks.Network BuiltIn(string name)
    {
        try
        {
            return Networks.NetworkZoo.Create(name);
        }
        catch (ArgumentException)
        {
            IReadOnlyList<string> zoo = Networks.NetworkZoo.Names, paper = PaperNetworks.Names;
            throw ToolException.Usage(
                $"plan: no such network (got '{name}', expected a file, a folder, one of the paper's "
                + $"{string.Join(", ", paper)}, or one of {string.Join(", ", zoo)}, basic-a-b-c, plain-a-b-c or "
                + $"mlp-width-width){Suggestion.For(name, [.. paper, .. zoo])}");
        }
    }

    private static void Write(CommandContext context, PlanResult result, PlanSteps steps)
    {
        if (context.Get(SavePlan) is { } plan)
        {
            AtomicFile.WriteText(plan, RankPlanJson.Write(result.Plan));
        }

        if (context.Get(Picture) is { } picture)
        {
            AtomicFile.WriteText(picture, PlanPicture.Draw(result, steps.Plan));
        }

        if (context.Get(ReportFile) is { } report)
        {
            RankPlan of = result.Plan;
            AtomicFile.WriteText(report, new Report
            {
                Title = $"{of.Network} over {Plural.Of(of.Accelerators, "accelerator")}",
                Subtitle = $"temper plan, batch of {of.Batch}, {steps.Machine}",
                Sections = [PlanSection.Of(result, steps)],
            }.ToHtml());
        }
    }

    private static JsonObject Fields(string source, PlanResult result, PlanSteps steps, TimeSpan searched) => new()
    {
        ["source"] = source,
        ["accelerators"] = result.Plan.Accelerators,
        ["batch"] = result.Plan.Batch,
        ["layers"] = new JsonArray([.. result.Plan.Layers.Select(layer => (JsonNode)layer)]),
        ["levels"] = new JsonArray([.. result.Plan.Levels.Select(level => (JsonNode)level)]),
        ["bytes"] = Numbers(
            result.Bytes.Plan, result.Bytes.Data, result.Bytes.Model, result.Bytes.Trick,
            ("lower_bound", result.Bytes.LowerBound)),
        ["is_optimal"] = result.Bytes.Plan <= result.Bytes.LowerBound * (1 + 1e-12),
        ["seconds"] = steps.Plan.Seconds,
        ["step_seconds"] = Numbers(steps.Plan.Seconds, steps.Data.Seconds, steps.Model.Seconds, steps.Trick.Seconds),
        ["step_joules"] = Numbers(steps.Plan.Joules, steps.Data.Joules, steps.Model.Joules, steps.Trick.Joules),
        ["machine"] = steps.Machine,
        ["memory_bytes"] = result.RankMemory,
        ["memory_saving"] = PlanTables.Saving(result.Saving),
        ["search_seconds"] = searched.TotalSeconds,
        ["notes"] = new JsonArray([.. result.Notes.Select(note => (JsonNode)note)]),
    };

    private static JsonObject Numbers(
        double plan, double data, double model, double trick, params ReadOnlySpan<(string Name, double Value)> more)
    {
        var fields = new JsonObject { ["plan"] = plan, ["data"] = data, ["model"] = model, ["trick"] = trick };
        foreach ((string name, double value) in more)
        {
            fields[name] = value;
        }

        return fields;
    }
}
