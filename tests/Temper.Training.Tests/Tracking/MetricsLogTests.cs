using System.Text;
using System.Text.Json;
using Temper.Training.Tests.Support;
using Temper.Training.Tracking;

namespace Temper.Training.Tests.Tracking;

public sealed class MetricsLogTests
{
    [Fact]
    public void Write_gives_one_JSON_object_a_line()
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.jsonl"];
        using (var log = new MetricsLog(path, TimeProvider.System))
        {
            log.Write(1, 10, [new("train/loss", 0.1), new("validation/accuracy", double.NaN)]);
            log.Write(2, 20, [new("train/loss", double.PositiveInfinity)]);
        }

        string[] lines = File.ReadAllLines(path);
        Assert.Equal(2, lines.Length);
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal(10, first.RootElement.GetProperty("step").GetInt64());
        Assert.Equal(1, first.RootElement.GetProperty("epoch").GetInt32());
        Assert.Equal(0.1, first.RootElement.GetProperty("train/loss").GetDouble());
        Assert.Equal(JsonValueKind.Null, first.RootElement.GetProperty("validation/accuracy").ValueKind);
        Assert.True(first.RootElement.GetProperty("seconds").GetDouble() >= 0);
        Assert.Equal(20, MetricsLog.Read(path)[1]["step"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"step\":5,\"epo")]
    [InlineData("{\"step\":5}")]
    public void A_log_that_ends_in_the_middle_of_a_line_goes_on_after_the_last_whole_one(string torn)
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.jsonl"];
        File.WriteAllText(path, "{\"step\":4,\"epoch\":1}\n" + torn, Encoding.UTF8);
        using (var log = new MetricsLog(path, TimeProvider.System))
        {
            log.Write(2, 8, []);
        }

        Assert.All(File.ReadAllLines(path), line => JsonDocument.Parse(line).Dispose());
        Assert.Equal([4.0, 8.0], MetricsLog.Read(path).Select(line => line["step"]));
    }

    [Theory]
    [InlineData(0, 5)]              // killed: continues from the last line
    [InlineData(7, 7)]              // stopped after that line: continues from the run's own time
    public void Seconds_go_on_where_the_run_stopped(double before, double least)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("metrics.jsonl", "{\"step\":4,\"epoch\":1,\"seconds\":5}\n");
        using (var log = new MetricsLog(path, TimeProvider.System, before))
        {
            log.Write(2, 8, []);
        }

        Assert.InRange(MetricsLog.Read(path)[1]["seconds"], least, least + 60);
    }

    [Fact]
    public void Steps_that_the_log_had_when_it_was_opened_are_not_written_twice()
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.jsonl"];
        Write(1, 2, 3);
        Write(3, 4);
        Write(4, 5, 5);         // two lines of one step within one opening are left to the caller
        Assert.Equal([1.0, 2, 3, 4, 5, 5], MetricsLog.Read(path).Select(line => line["step"]));

        void Write(params int[] steps)
        {
            using var log = new MetricsLog(path, TimeProvider.System);
            foreach (int step in steps)
            {
                log.Write(step, step, []);
            }
        }
    }
}
