using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Training.Runs;

namespace Temper.Cli.Commands;

/// <summary><c>temper report</c>: writes the report of a run again from its folder.</summary>
internal sealed class ReportCommand() : ToolCommand("report", "Write the HTML report of a run from its folder")
{
    private static readonly Setting<string?> Source =
        Setting.Positional("run", "Folder of a run; when not given, the latest in --runs");

    private static readonly Setting<string?> Output =
        Setting.Output("output", "Output file [default: report.html in the run's folder]", OutputKind.File);

    private static readonly Setting<bool> Force = Setting.Switch("force", "Overwrite existing files");

    internal override IReadOnlyList<Setting> Settings => field ??= [Source, Output, Force, RunSettings.Runs];

    internal override int Run(CommandContext context)
    {
        string runs = context.Get(RunSettings.Runs);
        RunFolder folder = context.Get(Source) is { } path
            ? RunFolder.Open(path)
            : RunFolder.Latest(runs)
                ?? throw new ToolException(ExitCode.InputOutput, $"report: no run in {runs}; give the run folder");
        if (context.Get(Output) is { } output && File.Exists(output) && !context.Get(Force))
        {
            throw new ToolException(ExitCode.InputOutput, $"report: {output} already exists; overwrite it with "
                + "--force");
        }

        string report = RunRecords.WriteReport(folder, context.Get(Output) ?? folder.PathOf(RunRecords.ReportName));
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject { ["folder"] = folder.FullPath, ["report"] = report });
        }
        else
        {
            Console.Out.WriteLine(report);
        }

        return ExitCode.Success;
    }
}
