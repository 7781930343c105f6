using Temper.Cli.CommandLine;
using Temper.Testing;

namespace Temper.Cli.Tests.CommandLine;

public sealed class OutputPathTests
{
    public static TheoryData<string> Outputs => [.. Application.Commands.SelectMany(command => command.Settings
        .Where(setting => setting.Name is "output" or "report" or "picture" or "flo" or "timeline" || setting.Name.StartsWith("save-", StringComparison.Ordinal) || (command.Name is "flow" && setting.Name is "pictures" or "video"))
        .Select(setting => $"{command.Name} {setting.Flag}")).Distinct(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Outputs))]
    public void Every_output_is_checked_before_the_work(string name)
    {
        int flag = name.LastIndexOf(' ');
        ToolCommand command = Application.Commands.Single(command => string.Equals(command.Name, name[..flag], StringComparison.Ordinal));
        Assert.NotNull(command.Settings.Single(setting => string.Equals(setting.Flag, name[(flag + 1)..], StringComparison.Ordinal)).Writes);
    }

    [Fact]
    public void New_and_existing_outputs_are_accepted_and_nothing_is_left_on_disk()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["there.txt"], "kept");
        Directory.CreateDirectory(folder["inside"]);
        foreach ((string path, OutputKind kind) in new[]
        {
            (folder["there.txt"], OutputKind.File), (folder["new.txt"], OutputKind.File), (folder["a/b/c.txt"], OutputKind.File),
            (folder["inside"], OutputKind.Folder), (folder["x/y"], OutputKind.Folder),
        })
        {
            OutputPath.Require("--output", path, kind);
        }

        Assert.Equal("kept", File.ReadAllText(folder["there.txt"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void Paths_that_cannot_be_written_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Refused(ExitCode.Usage, "", OutputKind.File, "the path is empty");
        Refused(ExitCode.InputOutput, folder.Path, OutputKind.File, "it is a folder, expected a file");
        Refused(ExitCode.InputOutput, folder["file"], OutputKind.Folder, "it is a file, expected a folder");
        Refused(ExitCode.InputOutput, folder["file/x/y"], OutputKind.File, "is a file, expected a folder");
        if (OperatingSystem.IsLinux())
        {
            // Not even root can create a file there.
            Refused(ExitCode.InputOutput, "/proc/none/x.npz", OutputKind.File, "no file can be created in '/proc'");
        }
    }

    private static void Refused(int code, string path, OutputKind kind, string reason)
    {
        ToolException error = Assert.Throws<ToolException>(() => OutputPath.Require("--output", path, kind));
        Assert.Equal(code, error.ExitCode);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
