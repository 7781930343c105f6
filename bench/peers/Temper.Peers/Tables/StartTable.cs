using System.Diagnostics;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>
/// Time of <c>temper --help</c>: the built program alone, and through the launcher, which checks for changed sources.
/// </summary>
internal static class StartTable
{
    private const int Rounds = 20;

    /// <summary>
    /// Must run in the root folder of the repository, after <c>./temper --version</c> has built the tool.
    /// </summary>
    public static int Run()
    {
        string program = Path.Combine("artifacts", "tool", "bin", "Temper.Cli.dll");
        if (!File.Exists(program))
        {
            Console.Error.WriteLine($"start: {program} is missing; run ./temper --version in the root folder first");
            return 5;
        }

        double[] direct = new double[Rounds], launched = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            direct[i] = Seconds("dotnet", program, "--help");
            launched[i] = Seconds("./temper", "--help");
        }

        var table = new TextTable("start, seconds", "5th perc.", "bar");
        double alone = Low(direct), more = Low(launched) - alone;
        table.Row("--help", Text(alone), "0.12");
        table.Row("./temper adds", Text(more), "0.05");
        return 0;
    }

    private static double Seconds(string program, params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process =
            Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Low(double[] times) => times.Order().ElementAt(Rounds / 20);

    private static string Text(double seconds) => seconds.ToString("F3", CultureInfo.InvariantCulture);
}
