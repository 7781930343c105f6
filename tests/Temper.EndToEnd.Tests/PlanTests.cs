using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper plan</c> as scripts use it.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-plan").FullName;

    [Fact]
    public void Plan_of_a_network_of_the_paper_has_the_fields_that_scripts_read()
    {
        JsonElement plan = Json("plan", "vgg-e", "--accelerators", "64", "--batch", "256", "--cost", "figure", "--search", "joint", "--json");
        JsonElement bytes = plan.GetProperty("bytes");
        Assert.InRange(bytes.GetProperty("plan").GetDouble(), 9.37e9, 9.3795e9);
        Assert.Equal(bytes.GetProperty("plan").GetDouble(), bytes.GetProperty("lower_bound").GetDouble());
        Assert.Equal(72.40e9, bytes.GetProperty("data").GetDouble(), 0.01e9);
        Assert.True(bytes.GetProperty("model").GetDouble() > bytes.GetProperty("data").GetDouble());
        Assert.True(bytes.GetProperty("trick").GetDouble() >= bytes.GetProperty("plan").GetDouble());
        Assert.Equal(6, plan.GetProperty("levels").GetArrayLength());
        Assert.All(plan.GetProperty("levels").EnumerateArray(), level => Assert.Matches("^[01]{19}$", level.GetString()));
        Assert.True(plan.GetProperty("seconds").GetDouble() > 0);
    }

    [Fact]
    public void Residual_network_is_planned_saved_drawn_and_read_again()
    {
        string saved = Path.Combine(_folder, "plan.json"), picture = Path.Combine(_folder, "plan.svg"), report = Path.Combine(_folder, "plan.html");
        JsonElement plan = Json("plan", "resnet-20", "--accelerators", "4", "--cost", "exact", "--save-plan", saved, "--picture", picture, "--report", report, "--json");
        Assert.Contains("\"kind\": \"ranks\"", File.ReadAllText(saved), StringComparison.Ordinal);
        Assert.Contains("not measured on any", File.ReadAllText(report), StringComparison.Ordinal);
        Assert.StartsWith("<svg", File.ReadAllText(picture), StringComparison.Ordinal);
        JsonElement again = Json("plan", "resnet-20", "--cost", "exact", "--plan", saved, "--json");
        Assert.Equal(plan.GetProperty("bytes").GetProperty("plan").GetDouble(), again.GetProperty("bytes").GetProperty("plan").GetDouble());
    }

    [Fact]
    public void Plans_of_kernels_and_of_ranks_are_not_taken_for_each_other()
    {
        string kernels = Path.Combine(_folder, "kernels.json"), ranks = Path.Combine(_folder, "ranks.json");
        File.WriteAllText(kernels, """{"kind": "kernels", "format": "temper-kernel-plan", "version": 1, "cpu": "x", "parts": {}, "batches": {}}""");
        Assert.Equal(0, Tool.RunProcess("plan", "lenet-c", "--save-plan", ranks, "-q").ExitCode);
        ToolResult wrong = Tool.Run("plan", "lenet-c", "--plan", kernels);
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("'kernels'", wrong.Error, StringComparison.Ordinal);
        wrong = Tool.Run("bench", "lenet-5", "--plan", ranks);
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("'ranks'", wrong.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "plan", "vgg-f")]
    [InlineData(2, "plan", "vgg-a", "--accelerators", "5000")]
    [InlineData(2, "plan", "vgg-a", "--accelerators", "4", "--speeds", "1,2")]
    [InlineData(2, "plan")]
    [InlineData(4, "plan", "lenet-c", "--batch", "2", "--accelerators", "4096", "--search", "joint")]
    [InlineData(4, "plan", "vgg-a", "--accelerators", "4", "--memory", "10")]
    [InlineData(4, "plan", "lenet-c", "--plan", "PLAN", "--memory", "1")]
    public void Input_that_cannot_be_planned_gives_a_code_and_one_line(int code, params string[] arguments)
    {
        string plan = Path.Combine(_folder, "plan.json");
        File.WriteAllText(plan, """{"kind": "ranks", "version": 1, "network": "lenet-c", "accelerators": 4, "batch": 256, "layers": ["conv1", "conv2", "fc1", "fc2"], "levels": ["0011", "0011"], "junctions": {}}""");
        ToolResult result = Tool.Run([.. arguments.Select(argument => argument is "PLAN" ? plan : argument)]);
        Assert.Equal(code, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"kind": "topology", "ranks": 4, "links": [{"between": [0, 1], "bytes_per_second": 1e9}]}""")]
    [InlineData("""{"kind": "topology", "ranks": 2, "links": [{"between": [0, 1], "bytes_per_second": -1}]}""")]
    public void Damaged_topology_gives_3(string text)
    {
        string path = Path.Combine(_folder, "topology.json");
        File.WriteAllText(path, text);
        ToolResult result = Tool.Run("plan", "lenet-c", "--accelerators", "4", "--topology", path);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("topology", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_are_no_power_of_two_and_small_batches_are_planned()
    {
        Assert.Equal(2, Json("plan", "vgg-a", "--accelerators", "6", "--json").GetProperty("levels").GetArrayLength());
        JsonElement small = Json("plan", "sfc", "--accelerators", "16", "--batch", "4", "--json");
        Assert.Contains("samples are fewer than 16", small.GetProperty("notes").ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonElement Json(params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.True(result.ExitCode == 0, result.Error);
        return JsonDocument.Parse(result.Output).RootElement.Clone();
    }
}
