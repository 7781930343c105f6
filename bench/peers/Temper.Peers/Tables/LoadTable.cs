using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>The server in a separate process, under load from many connections that also send bad requests.</summary>
internal static class LoadTable
{
    private const double Bar = 5;

    /// <param name="arguments">Seconds, connections, network.</param>
    public static int Run(string[] arguments)
    {
        double seconds = double.Parse(arguments.ElementAtOrDefault(0) ?? "60", CultureInfo.InvariantCulture);
        int connections = int.Parse(arguments.ElementAtOrDefault(1) ?? "32", CultureInfo.InvariantCulture);
        Network network =
            NetworkZoo.Create(arguments.ElementAtOrDefault(2) ?? "resnet-20").Initialize(RandomStream.FromSeed(1));
        string file = Path.Combine(Path.GetTempPath(), $"temper-load-{Environment.ProcessId}.onnx");
        OnnxFile.Save(network, file);
        try
        {
            return Run(network, file, seconds, connections).GetAwaiter().GetResult();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<int> Run(Network network, string file, double seconds, int connections)
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "Temper.Cli.dll");
        using Process server =
            Process.Start(
                new ProcessStartInfo(
                    "dotnet",
                    [
                        tool, "serve", file, "--port", "0", "--max-request-mib", "1", "--timeout", "3",
                    ]) { RedirectStandardOutput = true,
                    UseShellExecute = false })!;
        var model = new Uri((await server.StandardOutput.ReadLineAsync())!["serving ".Length..]);
        var load = new LoadClient(network, model);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        Task[] clients =
            [.. Enumerable.Range(0, connections).Select(seed => Task.Run(() => load.Run(seed, end.Token)))];
        Task<string> slow = Slow(model);
        await Task.Delay(TimeSpan.FromSeconds(seconds / 4));
        double early = await Resident(model);
        await Task.WhenAll(clients);
        double late = await Resident(model);
        using (Process kill = Process.Start("kill", $"-TERM {server.Id}"))
        {
            await server.WaitForExitAsync();
        }

        load.Seconds.Sort();
        double p50 = load.Seconds[load.Seconds.Count / 2], p99 = load.Seconds[load.Seconds.Count * 99 / 100];
        var table = new TextTable("load", "measured", "bar");
        table.Row($"good requests in {seconds} s", $"{load.Seconds.Count}", "");
        table.Row("bad requests", $"{load.Bad}", "");
        table.Row("wrong answers", $"{load.Failures.Count}", "0");
        table.Row("slow request", await slow, "408");
        table.Row("p50 ms", Text(p50 * 1e3), "");
        table.Row("p99 ms", Text(p99 * 1e3), Text(p50 * Bar * 1e3));
        table.Row("MiB after a quarter", Text(early), "");
        table.Row("MiB at the end", Text(late), "");
        table.Row("exit code after SIGTERM", $"{server.ExitCode}", "0");
        foreach (string failure in load.Failures.Distinct(StringComparer.Ordinal).Take(5))
        {
            Console.WriteLine(failure);
        }

        return 0;
    }

    /// <summary>Sends a request whose body stops in the middle, and returns the status of the response.</summary>
    private static async Task<string> Slow(Uri model)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(model.Host, model.Port);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST {model.AbsolutePath}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"));
        using var reader = new StreamReader(client.GetStream());
        return (await reader.ReadLineAsync())?.Split(' ').ElementAtOrDefault(1) ?? "none";
    }

    private static async Task<double> Resident(Uri model)
    {
        using var client = new HttpClient();
        string metrics = await client.GetStringAsync(new Uri(model, "/metrics"));
        string line = metrics.Split('\n').First(
            text => text.StartsWith("process_resident_memory_bytes ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) / (1 << 20);
    }

    private static string Text(double number) => number.ToString("F2", CultureInfo.InvariantCulture);
}
