using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using Temper.Cli.Commands;
using Temper.Cli.Output;

namespace Temper.Cli.CommandLine;

/// <summary>
/// The command-line entry point: parses arguments, resolves settings, runs one command, and maps every outcome,
/// including exceptions, to an exit code.
/// </summary>
internal static class Application
{
    private static readonly (string Name, string Help)[] Groups =
    [
        ("data", "Obtain, list and check data sets"),
        ("morph", "Obfuscate data for an outside trainer (MoLe); not encryption"),
        ("rl", "Train, run and attack agents, also between processes"),
    ];

    private const string Description = """
        Temper makes neural networks smaller, faster and more robust, in pure C#.

        Examples:
          temper demo                                            train, compress, attack; one HTML report
          temper train lenet-5 --data mnist --epochs 5           train a network of the zoo
          temper compress model.onnx --data images/ --output small
          temper COMMAND --help                                  options of a command
        """;

    internal static IReadOnlyList<ToolCommand> Commands { get; } =
    [
        new DemoCommand(), new TrainCommand(), new EvalCommand(), new PruneCommand(), new CompressCommand(),
        new GrowCommand(), new AttackCommand(), new ReportCommand(),
        new ProbeCommand(), new HardenCommand(),
        new InspectCommand(), new ConvertCommand(), new VerifyCommand(), new PredictCommand(), new FlowCommand(),
        new DataGetCommand(), new DataListCommand(), new DataVerifyCommand(),
        new MorphKeygenCommand(), new MorphDataCommand(), new MorphLayerCommand(), new MorphEstimateCommand(),
        new AuditCommand(),
        new RlTrainCommand(), new RlPlayCommand(), new RlReplayCommand(), new RlRecordCommand(), new RlSnoopCommand(),
        new RlReportCommand(), new RlServeEnvCommand(), new RlBridgeCommand(),
        new BenchCommand(), new PlanCommand(), new ServeCommand(), new DoctorCommand(), new CompletionCommand(),
    ];

    /// <summary>Section names that a configuration file may contain: one per command.</summary>
    internal static IReadOnlyList<string> Sections { get; } = [.. Commands.Select(command => command.Section)];

    internal static int Run(string[] args)
    {
        if (RootHelp.IsAskedFor(args))
        {
            RootHelp.Write(Console.Out, RootHelp.Width, Description, [.. Commands.Where(IsAtRoot).Select(command =>
                (command.Name, command.Help)), .. Groups]);
            return ExitCode.Success;
        }

        Terminal.Prepare();
        ParseResult result = Root(args).Parse(args);
        if (result.Action is ParseErrorAction)
        {
            return Refuse(result);
        }

        var configuration =
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return result.Invoke(configuration);
    }

    private static bool IsAtRoot(ToolCommand command) => !command.Name.Contains(' ', StringComparison.Ordinal);

    private static RootCommand Root(string[] args)
    {
        var root = new RootCommand(Description) { HelpName = "temper" };
        Dictionary<string, Command> groups = Groups.ToDictionary(
            group => group.Name, group => new Command(group.Name, group.Help), StringComparer.Ordinal);
        foreach (ToolCommand command in Commands)
        {
            int space = command.Name.IndexOf(' ', StringComparison.Ordinal);
            Command parent = space < 0 ? root : groups[command.Name[..space]];
            parent.Subcommands.Add(IsMeant(command, args) ? command.ToCommand(Execute) : command.ToEntry());
        }

        foreach (Command group in groups.Values.Where(group => group.Subcommands.Count > 0))
        {
            root.Subcommands.Add(group);
        }

        return root;
    }

    /// <summary>
    /// Whether the arguments may select this command. Settings of the other commands are not created, because creating
    /// them takes most of the time of <c>--help</c>; they appear in the command list only. With completion
    /// (<c>[suggest]</c>) or a response file (<c>@file</c>), any command may be selected.
    /// </summary>
    private static bool IsMeant(ToolCommand command, string[] args) =>
        Array.Exists(args, word => word is ['[' or '@', ..])
        || Array.TrueForAll(command.Name.Split(' '), word => args.Contains(word, StringComparer.Ordinal));

    private static int Execute(ToolCommand command, ParseResult parsed, Func<Setting, string?> flag)
    {
        Terminal terminal = Terminal.Plain;
        bool isVerbose = Setting.IsOn(Given(CommonSettings.Verbose));
        try
        {
            ConfigFile? file = command.ConfigPath(Given) is { } path ? ConfigFile.Load(path) : null;
            SettingValues values = SettingValues.Resolve(command, flag, file, Environment.GetEnvironmentVariables());
            terminal = Terminal.For(values);
            if (values.Get(CommonSettings.PrintConfig))
            {
                Console.Out.Write(values.ToYaml());
                return ExitCode.Success;
            }

            RequireShared(command);
            values.RequireOutputs();
            using var interrupts = new Interrupts(() => terminal.Note(command.StopNote));
            return command.Run(ContextOf(values, terminal, interrupts, RankGroup.Started));
        }
        catch (Exception error)
        {
            (int code, string message) = Failure.Of(error);
            Terminal.Error(isVerbose && error is not ToolException ? $"{message}\n{error}" : message);
            return code;
        }

        string? Given(Setting setting) =>
            flag(setting) ?? Environment.GetEnvironmentVariable(setting.EnvironmentName(command.Section));
    }

    /// <summary>
    /// Creates the context of a command. Of several ranks, all handle signals from the start, also those that only wait
    /// for others: mpirun ends all ranks as soon as a signal ends one, before the others have written a checkpoint.
    /// </summary>
    internal static CommandContext ContextOf(SettingValues values, Terminal terminal, Interrupts interrupts, int ranks)
    {
        var context = new CommandContext(values, terminal, interrupts);
        if (ranks > 1)
        {
            context.HandleSignals();
        }

        return context;
    }

    /// <summary>
    /// Throws if several ranks were started for a command that cannot share its work: each rank would do all of the
    /// work and overwrite the files of the others.
    /// </summary>
    private static void RequireShared(ToolCommand command)
    {
        if (!command.SharesWork && RankGroup.Started > 1)
        {
            throw ToolException.Usage(
                $"{command.Name}: ranks cannot share this command's work (got {RankGroup.Started} ranks, expected 1); "
                + "start it without mpirun");
        }
    }

    private static int Refuse(ParseResult result)
    {
        IEnumerable<string> known = result.CommandResult.Command.Options.Select(option => option.Name)
            .Concat(result.CommandResult.Command.Subcommands.Select(command => command.Name));
        string name =
            string.Join(' ', result.CommandResult.Command.Parents.OfType<Command>().Select(parent => parent.Name)
            .Where(parent => !string.Equals(parent, result.RootCommandResult.Command.Name, StringComparison.Ordinal))
            .Append(result.CommandResult.Command.Name));
        bool isRoot = result.CommandResult == result.RootCommandResult;
        string where = isRoot ? "temper" : $"temper {name}";
        string? stranger = result.UnmatchedTokens.Count > 0 ? result.UnmatchedTokens[0] : null;
        string subject = isRoot ? "" : $"{name}: ";
        Terminal.Error(stranger is null
            ? $"{subject}{result.Errors[0].Message}"
            : $"{subject}no such {(stranger.StartsWith('-') ? "option" : "command or argument")} (got "
                + $"'{stranger}'){Suggestion.For(stranger, known)}");
        Terminal.Plain.Note($"see '{where} --help'");
        return ExitCode.Usage;
    }
}
