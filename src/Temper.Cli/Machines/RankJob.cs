using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Parallelism.Planning;
using Temper.Training;

namespace Temper.Cli;

/// <summary>The ranks that a command was started on by mpirun; one rank, and no library, where it was not.</summary>
internal sealed class RankJob : IDisposable
{
    private readonly CommandContext _context;
    private readonly string? _plan;
    private readonly MpiRanks? _mpi;
    private IDisposable? _training;

    private RankJob(CommandContext context, string? plan, MpiRanks? mpi) => (_context, _plan, _mpi) = (context, plan, mpi);

    internal bool IsFirst => _mpi is null || _mpi.World.Rank == 0;

    /// <summary>Joins the other ranks, if there are any.</summary>
    /// <param name="context">The command's settings.</param>
    /// <param name="command">Name of the command, for errors.</param>
    internal static RankJob Open(CommandContext context, string command)
    {
        string? plan = context.Get(RunSettings.Plan);
        if (MpiLaunch.Current is not { Size: > 1 } launch)
        {
            return new RankJob(context, plan, mpi: null);
        }

        if (plan is null)
        {
            throw ToolException.Usage(
                $"{command}: {launch.Size} ranks were started and nothing says how they share the work; add {RunSettings.Plan.Flag} data, or start the command without mpirun");
        }

        return new RankJob(context, plan, MpiRanks.TryOpen(launch) ?? throw Missing(launch));
    }

    internal static ToolException Missing(MpiLaunch? launch) => new(
        ExitCode.Missing,
        $"MPI: no library was found (looked for {(launch?.IsMpich == true ? "libmpich.so.12" : launch is null ? "libmpi.so.40, libmpich.so.12" : "libmpi.so.40")}); "
        + $"install openmpi-bin or mpich, or name the library's file in {MpiRanks.Variable}");

    /// <summary>The options with the ranks that the plan makes of a network's training.</summary>
    internal TrainingOptions Shared(Network network, TrainingOptions options)
    {
        if (_mpi is null)
        {
            RequireOneRank();
            return options;
        }

        RankPlan? plan = _plan switch
        {
            "data" => null,
            "auto" => Auto(network, options),
            _ => RankPlanJson.Parse(File.ReadAllBytes(_plan!)),
        };
        RequireRanks(plan, _mpi.World.Size);
        TrainingRanks ranks = plan is null || plan.IsDataParallel ? new DataRanks(_mpi.World) : new ShardedRanks(_mpi.World, network, plan);
        _training = (IDisposable)ranks;
        return options with { Ranks = ranks };
    }

    /// <summary>Tells the other ranks where checkpoints are, and whether training goes on from one.</summary>
    /// <param name="checkpoints">Folder of the training's checkpoints.</param>
    internal void Lead(string checkpoints) => _mpi?.World.Broadcast($"{(Trainer.CanResume(checkpoints) ? 'r' : 'b')}{checkpoints}");

    /// <summary>Trains beside rank 0, which keeps the records.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    internal int Follow(Network network, DataSplit data, TrainingOptions options)
    {
        string told = _mpi!.World.Broadcast("");
        options = options with { CheckpointFolder = told[1..] };
        TrainingResult result = told[0] == 'r'
            ? Trainer.Resume(network, data.Train, data.Validation, options, _context.Cancel)
            : Trainer.Fit(network, data.Train, data.Validation, options, _context.Cancel);
        return result.IsComplete ? ExitCode.Success : ExitCode.Interrupted;
    }

    /// <summary>Does the work of a rank. One that fails says so with its number and ends the others, which would wait for it.</summary>
    internal int Run(Func<RankJob, int> work)
    {
        try
        {
            return work(this);
        }
        catch (Exception error) when (_mpi is not null)
        {
            (int code, string message) = Failure.Of(error);
            Terminal.Error($"rank {_mpi.World.Rank} of {_mpi.World.Size}: {message}");
            _mpi.Abort(code);
            throw;
        }
    }

    public void Dispose()
    {
        _training?.Dispose();
        _mpi?.Dispose();
    }

    /// <summary>A plan of several ranks is not quietly carried out by one.</summary>
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
                $"{_plan}: the plan is of another number of ranks (got a plan of {plan.Accelerators}, expected {ranks}); start it with mpirun -n {plan.Accelerators}, or plan with --accelerators {ranks}");
        }
    }

    /// <summary>The plan that moves the fewest bytes; samples are divided where the network cannot be trained in shards.</summary>
    private RankPlan? Auto(Network network, TrainingOptions options)
    {
        try
        {
            RankPlan plan = Planner.Plan(NetworkLayers.Of(network, "network"), new PlanOptions
            {
                Accelerators = _mpi!.World.Size, Batch = options.BatchSize, Cost = CostKind.Exact, Search = SearchKind.Joint, AllowsOutputSplit = true,
            }).Plan;
            ShardedRanks.Require(network, plan);
            Note(plan.IsDataParallel ? "--plan auto: samples are divided; no plan moves fewer bytes" : $"--plan auto: {string.Join(" ", plan.Levels)} (a digit a layer: 0 samples, 1 input channels, 2 output channels)");
            return plan;
        }
        catch (Exception error) when (error is NotSupportedException or ArgumentException or InfeasiblePlanException)
        {
            Note($"--plan auto: samples are divided, since {error.Message}");
            return null;
        }
    }

    private void Note(string line)
    {
        if (IsFirst)
        {
            _context.Terminal.Note(line);
        }
    }
}
