using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Parallelism.Planning;
using Temper.Training;

namespace Temper.Cli;

/// <summary>Training shared by the ranks of mpirun according to <c>--plan</c>.</summary>
internal sealed class RankJob : IDisposable
{
    private readonly CommandContext _context;
    private readonly string? _plan;
    private readonly RankGroup _group;
    private readonly StepTimeline? _timeline;
    private IDisposable? _training;

    private RankJob(CommandContext context, string? plan, RankGroup group)
    {
        (_context, _plan, _group) = (context, plan, group);
        _timeline = RankSettings.TimelineOf(context, group.Rank);
    }

    internal bool IsFirst => _group.IsFirst;

    /// <summary>Joins the other ranks, if any.</summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="command">Name of the command, for errors.</param>
    internal static RankJob Open(CommandContext context, string command)
    {
        string? plan = context.Get(RunSettings.Plan);
        if (RankGroup.Started > 1 && plan is null)
        {
            throw ToolException.Usage(
                $"{command}: {RankGroup.Started} ranks were started but no plan divides the work among them; "
                + $"add {RunSettings.Plan.Flag} data, or start the command without mpirun");
        }

        return new RankJob(context, plan, RankGroup.Open());
    }

    /// <summary>
    /// Like <see cref="Shared"/>, for a growing network. The plan is computed again after each change, so a plan from a
    /// file, which fits the initial network only, is refused.
    /// </summary>
    internal TrainingOptions SharedGrowth(Network network, TrainingOptions options)
    {
        if (_plan is not (null or "data" or "auto"))
        {
            throw ToolException.Usage("grow: a plan from a file fits one network only, and a growing network changes "
                + $"(got {RunSettings.Plan.Flag} {_plan}); expected data or auto");
        }

        if (_group.Size > 1 && RankSettings.ShardsOptimizer(_context))
        {
            throw ToolException.Usage("--shard-optimizer: growth needs the whole optimizer state on each rank "
                + "(got a sharded state); leave the option out");
        }

        return Shared(network, options, isGrowing: true);
    }

    /// <summary>Returns the options with the ranks of the plan added.</summary>
    internal TrainingOptions Shared(Network network, TrainingOptions options, bool isGrowing = false)
    {
        options = options with { Timeline = _timeline };
        if (_group.Mpi is not { } mpi)
        {
            RequireOneRank();
            return options;
        }

        if (mpi.ThreadLevel < MpiRanks.AnyThread)
        {
            throw new ToolException(
                ExitCode.Missing, $"MPI: {mpi.Version} does not support calls from several threads at the same time "
                    + $"(level {mpi.ThreadLevel}, "
                    + $"expected {MpiRanks.AnyThread}); use a build with MPI_THREAD_MULTIPLE");
        }

        mpi.TimeLimit = RankSettings.TimeLimit(_context);
        RankPlan? plan = _plan switch
        {
            "data" => null,
            "auto" => Auto(network, options),
            _ => RankPlanJson.Parse(File.ReadAllBytes(_plan!)),
        };
        RequireRanks(plan, _group.Size);
        if (plan is not null && plan.Batch != options.BatchSize)
        {
            Note($"{_plan}: the plan was made for batches of {plan.Batch} (got --batch {options.BatchSize}); another "
                + "plan may be faster");
        }

        bool isData = plan is null || plan.IsDataParallel;
        if (!isData && RankSettings.DataOnly(_context).FirstOrDefault() is { } flag)
        {
            throw ToolException.Usage(
                $"{flag}: applies only if the ranks divide the samples (got --plan {_plan}); add --plan data");
        }

        TrainingRanks ranks = isData ? new DataRanks(mpi.World, RankSettings.DataOptions(_context, _timeline))
            : isGrowing ? new ShardedRanks(mpi.World, network, changed => Fewest(changed, options), _timeline)
            : new ShardedRanks(mpi.World, network, plan!, _timeline);
        _training = (IDisposable)ranks;
        return options with { Ranks = ranks };
    }

    /// <summary>Tells the other ranks the checkpoint folder and whether training resumes from a checkpoint.</summary>
    /// <param name="checkpoints">Folder of the training checkpoints.</param>
    internal void Lead(string checkpoints) =>
        _group.Broadcast($"{(Trainer.CanResume(checkpoints) ? 'r' : 'b')}{checkpoints}");

    /// <summary>Sends a choice of rank 0 that depends on time or on its machine to all ranks and returns it.</summary>
    internal string Broadcast(string choice) => _group.Broadcast(choice);

    /// <summary>Trains together with rank 0, which keeps the records.</summary>
    internal TrainingResult Follow(Network network, DataSplit data, TrainingOptions options)
    {
        string told = _group.Broadcast("");
        options = options with { CheckpointFolder = told[1..] };
        return told[0] == 'r'
            ? Trainer.Resume(network, data.Train, data.Validation, options, _context.Cancel)
            : Trainer.Fit(network, data.Train, data.Validation, options, _context.Cancel);
    }

    /// <summary>Runs the work of this rank and saves its timeline; see <see cref="RankGroup.Run"/>.</summary>
    internal int Run(Func<RankJob, int> work) => _group.Run(() =>
    {
        int code = work(this);
        RankSettings.Save(_context, _timeline, _group.Rank);
        return code;
    });

    public void Dispose()
    {
        _training?.Dispose();
        _group.Dispose();
    }

    /// <summary>Throws if the plan file is for several ranks but only one was started.</summary>
    private void RequireOneRank()
    {
        if (_plan is null or "data" or "auto")
        {
            return;
        }

        RankPlan plan = RankPlanJson.Parse(File.ReadAllBytes(_plan));
        RequireRanks(plan, 1);
    }

    private void RequireRanks(RankPlan? plan, int ranks)
    {
        if (plan is not null && plan.Accelerators != ranks)
        {
            throw ToolException.Usage(
                $"{_plan}: the plan is for a different number of ranks (got a plan for {plan.Accelerators}, expected "
                + $"{ranks}); start it with mpirun -n {plan.Accelerators}, or plan with --accelerators {ranks}");
        }
    }

    /// <summary>
    /// Returns the plan that moves the fewest bytes; null: the samples are divided, also if the network cannot be
    /// trained in shards.
    /// </summary>
    private RankPlan? Auto(Network network, TrainingOptions options)
    {
        try
        {
            RankPlan plan = Fewest(network, options);
            ShardedRanks.Require(network, plan);
            Note(plan.IsDataParallel
                ? "--plan auto: samples are divided; no plan moves fewer bytes"
                : $"--plan auto: {string.Join(" ", plan.Levels)} (a digit per layer: 0 samples, 1 input channels, 2 "
                    + "output channels)");
            return plan;
        }
        catch (Exception error) when (error is NotSupportedException or ArgumentException or InfeasiblePlanException)
        {
            Note($"--plan auto: samples are divided, because {Failure.Text(error)}");
            return null;
        }
    }

    /// <summary>Computes the plan that moves the fewest bytes.</summary>
    private RankPlan Fewest(Network network, TrainingOptions options) =>
        Planner.Plan(NetworkLayers.Of(network, "network"), new PlanOptions
    {
        Accelerators = _group.Size, Batch = options.BatchSize, Cost = CostKind.Exact, Search = SearchKind.Joint,
        AllowsOutputSplit = true,
    }).Plan;

    private void Note(string line)
    {
        if (IsFirst)
        {
            _context.Terminal.Note(line);
        }
    }
}
